/** Milliseconds and sequence of an entry id. */
export type IdParts = readonly [ms: number, seq: number];

/** The id before every other one. */
export const ZERO = '0-0';

export function partsOf(id: string): IdParts {
  const dash = id.indexOf('-');
  if (dash === -1) return [Number(id), 0];
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}

/** Below 0 if `one` comes first, 0 if both are the same. */
export function compare(one: string, other: string): number {
  if (one === other) return 0;
  const [ms, seq] = partsOf(one);
  const [otherMs, otherSeq] = partsOf(other);
  return ms - otherMs || seq - otherSeq;
}

export const before = (one: string, other: string): boolean => compare(one, other) < 0;

/** The milliseconds in an id. */
export const millisOf = (id: string): number => partsOf(id)[0];
