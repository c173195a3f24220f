import { numberOf, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import { findCallScript } from './entry-heads.lua.js';
import { inParts } from './place.js';
import type { FoundKey } from './scanned-keys.js';

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

export interface Search {
  readonly wanted: WantedCall;
  /** Monotonic time at which it ends with what it has. */
  readonly until: number;
}

/** Finds a call in streams. @param keyOf the Redis key of each of them */
export async function findCalls(
  streams: readonly FoundKey[],
  keyOf: (key: FoundKey) => string,
  { wanted, until }: Search,
): Promise<{ found: FoundCall[]; complete: boolean }> {
  let complete = true;
  const found = await inParts(streams, async (key) => {
    const calls: FoundCall[] = [];
    let count = FIRST;
    for (let from = '-'; from !== '';) {
      if (performance.now() > until) {
        complete = false;
        break;
      }
      const given = { stream: keyOf(key), from, count, ...wanted };
      const answer = textsOf(await run(key.shard.link, findCallScript, given), 'find-call');
      const [last = '', size, ...ids] = answer;
      from = last === '' ? '' : `(${last}`;
      count = Math.max(1, Math.min(MOST, Math.floor((READ * count) / (numberOf(size) + 1))));
      for (const entry of ids) calls.push({ key, entry });
    }
    return calls;
  });
  return { found: found.flat(), complete };
}
