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
}

/** Where the call stands; `size` is 0 where an entry is one call. */
export interface Located {
  readonly size: number;
  readonly place: number;
  /** What notes call it. */
  readonly name: string;
  /** The call of a pack has ended. */
  readonly isOver: boolean;
}

export function located(store: Store, { part, id, size, place }: Named): Located {
  const [n, at] = [Number(size), Number(place)];
  if (n === 0) return { size: 0, place: 0, name: id, isOver: false };
  const isOver = letterOf(store, { part, id, size: n }, at) === 'x';
  return { size: n, place: at, name: `${id}#${at}`, isOver };
}

/** The letters of a pack: the hash that holds them, and its entry. */
export interface PackOf {
  readonly part: string;
  readonly id: string;
  readonly size: number;
}

export function lettersOf(store: Store, { part, id, size }: PackOf): string {
  const known = store.field(part, id);
  return known?.length === size ? known : '.'.repeat(size);
}

export const letterOf = (store: Store, pack: PackOf, place: number): string =>
  lettersOf(store, pack).charAt(place);

/** Letters of which one is given and the others say nothing. */
export const only = (size: number, place: number, letter: string): string =>
  '.'.repeat(place) + letter + '.'.repeat(size - place - 1);

/** Joins letters with those that are noted. Returns whether all calls have ended, and nothing is noted any more. */
export function merged(store: Store, { part, id, size }: PackOf, letters: string): boolean {
  return mergedIn(store, { part, id, size }, letters).ended;
}

function mergedIn(store: Store, pack: PackOf, letters: string): { ended: boolean; isNew: boolean } {
  const { part, id, size } = pack;
  const known = lettersOf(store, pack);
  let text = '';
  for (let i = 0; i < size; i++) {
    const [is, comes] = [known.charAt(i), letters.charAt(i)];
    text += is === 'x' || comes === 'x' ? 'x' : comes === '.' ? is : comes;
  }
  if (!/[^x]/.test(letters) || !/[^x]/.test(text)) {
    store.deleteField(part, id);
    return { ended: true, isNew: false };
  }
  return { ended: false, isNew: text !== known && store.setField(part, id, text) };
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
    const isPending = store.group(pack.stream, pack.group)?.pending.has(pack.id) === true;
    if (!isPending && store.entry(pack.stream, pack.id) === undefined)
      store.deleteField(pack.part, pack.id);
  }
  return ended;
}

/** How many calls an entry holds as a pack; 0: it is none. */
export function packed(entry: StreamEntry): number {
  const size = /^1 pack\.\S+ (\d+) /.exec(fieldOf(entry[1], 'c') ?? '')?.[1];
  return Math.min(LARGEST, Number(size ?? 0));
}

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
  return [store.field(part, entry[0]) ?? '', ...notes];
}
