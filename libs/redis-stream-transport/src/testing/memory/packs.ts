import type { Store } from './store.js';
import { fieldOf, type StreamEntry } from './stream.js';

/** Calls of a pack at most. */
const LARGEST = 64;

/** An entry, or a call of a pack: what the operations on single entries are given. */
export interface Named {
  readonly part: string;
  readonly id: string;
  readonly size: string;
  readonly place: string;
  /** `1`: each group notes for itself which have ended. */
  readonly shared: string;
  readonly group: string;
}

/** Where the call stands; `size` is 0 where an entry is one call. */
export interface Located {
  readonly size: number;
  readonly place: number;
  /** What notes call it. */
  readonly name: string;
  /** What the letters of the pack are noted under. */
  readonly note: string;
  /** The call of a pack has ended. */
  readonly isOver: boolean;
}

export function located(store: Store, { part, id, size, place, shared, group }: Named): Located {
  const [n, at] = [Number(size), Number(place)];
  const note = shared === '1' ? `${id} ${group}` : id;
  if (n === 0) return { size: 0, place: 0, name: id, note, isOver: false };
  const isOver = letterOf(store, { part, note, size: n }, at) === 'x';
  return { size: n, place: at, name: `${id}#${at}`, note, isOver };
}

/** The letters of a pack: the hash that holds them, and what they are noted under: its id; of events, id and group. */
export interface PackOf {
  readonly part: string;
  readonly note: string;
  readonly size: number;
}

export function lettersOf(store: Store, { part, note, size }: PackOf): string {
  const known = store.field(part, note);
  return known?.length === size ? known : '.'.repeat(size);
}

export const letterOf = (store: Store, pack: PackOf, place: number): string =>
  lettersOf(store, pack).charAt(place);

/** Letters of which one is given and the others say nothing. */
export const only = (size: number, place: number, letter: string): string =>
  '.'.repeat(place) + letter + '.'.repeat(size - place - 1);

/** Joins letters with those that are noted. Returns whether all calls have ended, and nothing is noted any more. */
export function merged(store: Store, pack: PackOf, letters: string): boolean {
  return mergedIn(store, pack, letters).ended;
}

function mergedIn(store: Store, pack: PackOf, letters: string): { ended: boolean; isNew: boolean } {
  const { part, note, size } = pack;
  const known = lettersOf(store, pack);
  let text = '';
  for (let i = 0; i < size; i++) {
    const [is, comes] = [known.charAt(i), letters.charAt(i)];
    text += is === 'x' || comes === 'x' ? 'x' : comes === '.' ? is : comes;
  }
  if (!/[^x]/.test(letters) || !/[^x]/.test(text)) {
    store.deleteField(part, note);
    return { ended: true, isNew: false };
  }
  return { ended: false, isNew: text !== known && store.setField(part, note, text) };
}

/** Where the entry of a pack may be pending. */
export interface PackIn extends PackOf {
  readonly stream: string;
  readonly group: string;
}

/** The same for an entry that may be gone, of which nothing is noted. */
export function noteLetters(store: Store, pack: PackIn, letters: string): boolean {
  const { ended, isNew } = mergedIn(store, pack, letters);
  if (isNew) {
    const id = idIn(pack.note);
    const isPending = store.group(pack.stream, pack.group)?.pending.has(id) === true;
    if (!isPending && store.entry(pack.stream, id) === undefined)
      store.deleteField(pack.part, pack.note);
  }
  return ended;
}

/** The entry whose letters are noted there. */
export const idIn = (note: string): string => note.split(' ', 1)[0] as string;

const lineOf = (entry: StreamEntry): string => fieldOf(entry[1], 'c') ?? '';

/** How many calls an entry holds as a pack; 0: it is none. */
export function packed(entry: StreamEntry): number {
  const size = /^1 pack\.\S+ (\d+) \S/.exec(lineOf(entry))?.[1];
  return Math.min(LARGEST, Number(size ?? 0));
}

const areEvents = (entry: StreamEntry): boolean => /^1 pack\.\S+ \d+ -(\s|$)/.test(lineOf(entry));

/** The note about an entry or a call that is pending; '' for none. */
export const noteOf = (store: Store, due: string, group: string, name: string): string =>
  store.field(due, `${group} ${name}`) ?? '';

/** What is known of a pack: its letters, and the note about each call; '' where the entry is none. */
export function knownOf(
  store: Store,
  { due, part, group }: { readonly due: string; readonly part: string; readonly group: string },
  entry: StreamEntry,
): string | string[] {
  const size = packed(entry);
  if (size === 0) return '';
  const notes = Array.from({ length: size }, (_, i) =>
    noteOf(store, due, group, `${entry[0]}#${i}`),
  );
  const note = areEvents(entry) ? `${entry[0]} ${group}` : entry[0];
  return [store.field(part, note) ?? '', ...notes];
}
