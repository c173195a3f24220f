import type { RawEntry } from '../protocol/entry.js';

type RawPair = readonly [id: string, fields: readonly string[]];

export interface StreamEntries {
  /** Key of the stream. */
  readonly stream: string;
  readonly entries: readonly RawEntry[];
}

/** Answer of XREADGROUP. An entry that was deleted meanwhile has no fields and is left out. */
export function readAnswer(answer: unknown): StreamEntries[] {
  if (!Array.isArray(answer)) return [];
  return (answer as [string, RawPair[]][]).map(([stream, pairs]) => ({
    stream,
    entries: entryList(pairs),
  }));
}

export function entryList(pairs: readonly RawPair[]): RawEntry[] {
  const entries: RawEntry[] = [];
  for (const pair of pairs) if (pair?.[1]) entries.push({ id: pair[0], fields: pair[1] });
  return entries;
}

/** A claimed or fetched entry with what is known of its history. */
export interface HeldEntry {
  readonly raw: RawEntry;
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** A retry that was noted for it. */
  readonly due: Due | undefined;
}

export interface Due {
  /** Redis' clock, milliseconds. */
  readonly at: number;
  readonly attempts: number;
  readonly state: string;
}

/** The three parallel lists of the claim and fetch scripts. */
export function heldEntries(answer: readonly unknown[]): HeldEntry[] {
  const [, pairs, deliveries, due] = answer as [string, RawPair[], string[], string[]];
  return pairs.map((pair, i) => ({
    raw: { id: pair[0], fields: pair[1] },
    deliveries: Number(deliveries[i]),
    due: parseDue(due[i] ?? ''),
  }));
}

function parseDue(text: string): Due | undefined {
  if (text === '') return undefined;
  const [at, attempts, state] = text.split(' ');
  return { at: Number(at), attempts: Number(attempts), state: state ?? '' };
}
