import { shardOf } from './keys.js';
import { MAX_PATTERN_LENGTH } from './limits.js';

/** How much an entry matters, compared with others of its pattern. */
export type Priority = 'high' | 'normal' | 'low';
/** The classes, the first one first. */
export const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];

/** Characters that may stand after a pattern in the names of its class streams. */
const MAX_SUFFIX = 8;
/** Longest pattern that may have classes: its streams have names of a permitted length. */
export const MAX_CLASS_PATTERN = MAX_PATTERN_LENGTH - MAX_SUFFIX;

/** The streams of a pattern for what matters more and less than the rest, which is in the pattern's own stream. */
export interface ClassStreams {
  readonly high: string;
  readonly low: string;
}

/**
 * The class streams of a pattern: `<pattern>|<number>` with the smallest number from 1 that hashes to the pattern's own
 * shard, and with the next one. This is part of the wire: programs in all languages must agree.
 */
export function classStreams(pattern: string, shards: number): ClassStreams {
  const own = shardOf(pattern, shards);
  let number = 0;
  const next = (): string => {
    do number++;
    while (shardOf(`${pattern}|${number}`, shards) !== own);
    return `${pattern}|${number}`;
  };
  const high = next();
  return { high, low: next() };
}

/** The streams of a pattern that may have classes: its own and theirs. */
export function streamsOf(pattern: string, shards: number): readonly string[] {
  if (pattern.length > MAX_CLASS_PATTERN) return [pattern];
  const { high, low } = classStreams(pattern, shards);
  return [pattern, high, low];
}

/** The stream that an entry of a pattern is for: the pattern's own, if it is in one of its classes. */
export function ownStreamOf(stream: string, pattern: string, shards: number): string {
  if (!stream.startsWith(`${pattern}|`)) return stream;
  const { high, low } = classStreams(pattern, shards);
  return stream === high || stream === low ? pattern : stream;
}
