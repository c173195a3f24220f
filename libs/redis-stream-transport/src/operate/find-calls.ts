import { numberOf, textsOf } from '../redis/answer.js';
import type { Link } from '../redis/link.js';
import { run } from '../redis/operations/script.js';
import { findCallScript } from '../redis/operations/entry-heads.js';
import { inTime } from './place.js';
import type { FoundKey } from './scanned-keys.js';
import type { TimeLimit } from './time-limit.js';

/** Entries that the first step looks at, and the most of any. */
const FIRST = 20;
const MOST = 500;
/** Characters that a step should read at most: each entry may have a megabyte. */
const READ = 262_144;

export interface WantedCall {
  readonly caller: string;
  readonly call: string;
}

/** An entry of the call. */
export interface FoundCall {
  readonly key: FoundKey;
  readonly entry: string;
}

/** Streams that are searched. */
export interface Searched {
  /** Of what kind they are, for people. */
  readonly what: string;
  readonly keys: readonly FoundKey[];
  /** The Redis key of each of them. */
  readonly keyOf: (key: FoundKey) => string;
}

/** A part of a stream. */
export interface Step {
  readonly stream: string;
  readonly from: string;
  readonly count: number;
}

/** Finds a call in streams. */
export async function findCalls(
  searched: Searched,
  wanted: WantedCall,
  limit: TimeLimit,
): Promise<FoundCall[]> {
  return stepThrough(searched, limit, async (link, step, key) => {
    const answer = textsOf(await run(link, findCallScript, { ...step, ...wanted }), 'find-call');
    const [last = '', size, ...ids] = answer;
    return { last, size: numberOf(size), found: ids.map((entry) => ({ key, entry })) };
  });
}

/**
 * Goes through streams in steps of which each reads about as much as may be read at once.
 *
 * @param look answers the id after which to go on or '', the characters that were read, and what was found
 */
export async function stepThrough<T>(
  { what, keys, keyOf }: Searched,
  limit: TimeLimit,
  look: (
    link: Link,
    step: Step,
    key: FoundKey,
  ) => Promise<{ readonly last: string; readonly size: number; readonly found: readonly T[] }>,
): Promise<T[]> {
  const all = await inTime(limit, what, keys, async (key) => {
    const found: T[] = [];
    let count = FIRST;
    for (let from = '-'; from !== '';) {
      if (limit.isOver) {
        limit.note(`${what} to their end`, 0, 1);
        break;
      }
      const seen = await look(key.shard.link, { stream: keyOf(key), from, count }, key);
      from = seen.last === '' ? '' : `(${seen.last}`;
      count = Math.max(1, Math.min(MOST, Math.floor((READ * count) / (seen.size + 1))));
      found.push(...seen.found);
    }
    return found;
  });
  return all.flat();
}

export const streamsOf = (keys: readonly FoundKey[]): Searched => ({
  ...{ what: 'streams', keys },
  keyOf: ({ shard, name }) => shard.keys.stream(name),
});

export const letterBoxesOf = (keys: readonly FoundKey[]): Searched => ({
  ...{ what: 'services with dead letters', keys },
  keyOf: ({ shard, name }) => shard.keys.dead(name),
});
