import { shardOf } from './keys.js';
import { MAX_PATTERN_LENGTH } from './limits.js';

/** Characters that may stand after a pattern in the names of its other streams. */
const MAX_SUFFIX = 8;
/** Longest pattern whose calls may be spread: each of its streams has a name of a permitted length. */
export const MAX_SPREAD_PATTERN = MAX_PATTERN_LENGTH - MAX_SUFFIX;
/** Numbers that are tried. So many shards as there may be need a few thousand. */
const MAX_NUMBER = 1_000_000;

/**
 * The streams of a spread pattern, by shard: its own in the shard that its name hashes to, and in any other
 * `<pattern>|<number>` with the smallest number from 1 that hashes there. This is part of the wire: programs in all
 * languages must agree.
 */
export function spreadStreams(pattern: string, shards: number): readonly string[] {
  const streams = Array.from({ length: shards }, (): string | undefined => undefined);
  streams[shardOf(pattern, shards)] = pattern;
  let missing = shards - 1;
  for (let number = 1; missing > 0 && number < MAX_NUMBER; number++) {
    const name = `${pattern}|${number}`;
    const shard = shardOf(name, shards);
    if (streams[shard] !== undefined) continue;
    streams[shard] = name;
    missing--;
  }
  // A shard that no number hashes to has no stream of its own.
  return streams.map((name) => name ?? pattern);
}

/**
 * The streams that callers use of these, from the pattern's own on: in equal steps through the shards, because masters
 * have their shares of the slots in a row.
 *
 * @param streams of all shards
 * @param spread how many are used; more than there are: all
 */
export function usedStreams(
  pattern: string,
  streams: readonly string[],
  spread: number,
): readonly string[] {
  const { length } = streams;
  const used = Math.min(spread, length);
  const first = shardOf(pattern, length);
  return Array.from({ length: used }, (_, step) => {
    const shard = (first + Math.floor((step * length) / used)) % length;
    return streams[shard] as string;
  });
}
