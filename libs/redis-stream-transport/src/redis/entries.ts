import { numberOf } from './answer.js';
import type { RawEntry } from '../protocol/entry.js';

export interface StreamEntries {
  /** Key of the stream. */
  readonly stream: string;
  readonly entries: readonly RawEntry[];
}

/** Reads an answer of XREADGROUP. An entry that was deleted in the meantime has no fields and is left out. */
export function readAnswer(answer: unknown): StreamEntries[] {
  if (!Array.isArray(answer)) return [];
  const streams: StreamEntries[] = [];
  for (const part of answer as unknown[]) {
    const [stream, pairs] = Array.isArray(part) ? (part as unknown[]) : [];
    if (typeof stream === 'string') streams.push({ stream, entries: entryList(pairs) });
  }
  return streams;
}

/** Every entry that is read passes through here, so its fields are not checked yet. */
function entryList(pairs: unknown): RawEntry[] {
  const entries: RawEntry[] = [];
  if (!Array.isArray(pairs)) return entries;
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || !Array.isArray(pair[1])) continue;
    entries.push({ id: pair[0], fields: pair[1] as string[] });
  }
  return entries;
}

/** An entry that was claimed or fetched, with its history. */
export interface HeldEntry {
  readonly raw: RawEntry;
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** How many of these deliveries were to instances that left by themselves. They say nothing against the entry. */
  readonly spared: number;
  /** The retry that was noted for it. */
  readonly due: Due | undefined;
  /** What is known of its calls, of a pack. */
  readonly pack: PackKnown | undefined;
}

/** What is known of the calls of a pack. */
export interface PackKnown {
  /** A letter for each call; undefined: all are open. */
  readonly state: string | undefined;
  /** A retry that was noted for a call, by its place. */
  readonly dues: readonly (Due | undefined)[];
}

export interface Due {
  /** When it runs again (clock of Redis, ms). */
  readonly at: number;
  /** Attempts that have failed. */
  readonly attempts: number;
  readonly state: string;
}

/** Reads the parallel lists of the claim and fetch scripts: entries, deliveries, notes, what is known of packs. */
export function heldEntries(answer: readonly unknown[]): HeldEntry[] {
  const [pairs, deliveries, notes, packs] = [answer[1], answer[2], answer[3], answer[4]].map(
    (list): readonly unknown[] => (Array.isArray(list) ? list : []),
  );
  const held: HeldEntry[] = [];
  for (const [i, pair] of (pairs ?? []).entries()) {
    const [raw] = entryList([pair]);
    if (raw === undefined) continue;
    const count = numberOf(deliveries?.[i]);
    const pack = packKnown(packs?.[i]);
    held.push({ raw, deliveries: count, ...parseNote(notes?.[i]), pack });
  }
  return held;
}

function packKnown(known: unknown): PackKnown | undefined {
  if (!Array.isArray(known)) return undefined;
  const [state, ...notes] = known as unknown[];
  return {
    state: typeof state === 'string' && state !== '' ? state : undefined,
    dues: notes.map((note) => parseNote(note).due),
  };
}

/**
 * Reads a note: `<due> <failed attempts> <state> <spared deliveries>`. Without a failed attempt there is no due time.
 * Other programs may have written it; a note that cannot be read counts as none.
 */
export function parseNote(text: unknown): Pick<HeldEntry, 'due' | 'spared'> {
  const note = /^(\d{1,15}) (\d{1,9})(?: (\S*)(?: (\d{1,9}))?)?$/.exec(
    typeof text === 'string' ? text : '',
  );
  const [, at, attempts, state, spared] = note ?? [];
  const failed = Number(attempts ?? 0);
  return {
    spared: Number(spared ?? 0),
    due: failed > 0 ? { at: Number(at), attempts: failed, state: state ?? '' } : undefined,
  };
}
