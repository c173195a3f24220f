import { RedisStreamsError } from '../errors.js';
import {
  resolveHandlerExtras,
  type ResolvedHandlerExtras,
  type ResolvedServerOptions,
} from '../options/index.js';
import { classStreams, MAX_CLASS_PATTERN } from '../protocol/priority.js';
import { MAX_SPREAD_PATTERN } from '../protocol/spread.js';
import type { Entry } from './handler-entry.js';
import { threadCount } from './thread-room.js';

export const ONE_STREAM = 'the pattern is in a lane, which is one stream';

/** @throws RedisStreamsError INVALID_OPTION where entries of the pattern cannot be spread */
export function checkSpread(pattern: string, isEvent: boolean): void {
  if (isEvent) {
    const reason =
      'it is for message handlers: every group reads all events of a pattern in one stream';
    throw unfit(pattern, 'spread', reason);
  }
  if (pattern.length > MAX_SPREAD_PATTERN) {
    throw unfit(pattern, 'spread', `the pattern may have ${MAX_SPREAD_PATTERN} characters`);
  }
}

/** How many threads a handler has at once; undefined: it has none. */
export function threadsOf(
  own: ResolvedHandlerExtras | undefined,
  options: ResolvedServerOptions,
): number | undefined {
  return own?.threads === true ? threadCount(options.threads) : own?.threads;
}

/** How many messages compute at once; undefined: the handler has no threads. */
export const computed = (
  own: ResolvedHandlerExtras,
  options: ResolvedServerOptions,
): number | undefined => (threadsOf(own, options) ?? 0) * (own.batch?.size ?? 1) || undefined;

/** @throws RedisStreamsError INVALID_OPTION where a handler wants more threads than there are */
export function checkThreads(
  pattern: string,
  own: ResolvedHandlerExtras,
  options: ResolvedServerOptions,
): void {
  const [wanted = 0, size] = [threadsOf(own, options), threadCount(options.threads)];
  if (wanted <= size) return;
  const told = `option "threads" is ${wanted}, and the server has ${size} ("threads.size")`;
  throw new RedisStreamsError('INVALID_OPTION', `Extras of the handler of "${pattern}": ${told}.`, {
    pattern,
  });
}

/**
 * Whether the pattern has classes of importance.
 *
 * @param all extras of all handlers of the pattern
 * @throws RedisStreamsError INVALID_OPTION where another handler of the pattern reads in a way that has none
 */
export function hasClasses(pattern: string, all: readonly ResolvedHandlerExtras[]): boolean {
  if (!all.some(({ priorities }) => priorities)) return false;
  const refuse = (reason: string): never => {
    throw unfit(pattern, 'priorities', reason);
  };
  if (all.some(({ spread }) => spread !== undefined)) refuse('calls of the pattern are spread');
  if (all.some(({ broadcast }) => broadcast)) refuse('the pattern has handlers of broadcasts');
  return true;
}

/** What is thrown for extras that do not go with what the pattern is. */
export function unfit(pattern: string, option: string, reason: string): RedisStreamsError {
  const told = `Extras of the handler of "${pattern}": option "${option}": ${reason}.`;
  return new RedisStreamsError('INVALID_OPTION', told, { pattern });
}

/** @throws RedisStreamsError INVALID_OPTION where the stream of a class is that of another pattern */
export function checkClasses(
  pattern: string,
  entries: ReadonlyMap<string, Entry>,
  { shards, lanes }: ResolvedServerOptions,
): void {
  if (pattern.length > MAX_CLASS_PATTERN)
    throw unfit(pattern, 'priorities', `the pattern may have ${MAX_CLASS_PATTERN} characters`);
  const { high, low } = classStreams(pattern, shards);
  const used = new Set(lanes.values());
  for (const [other, { message, events }] of entries) {
    used.add(other);
    for (const handler of message === undefined ? events : [message, ...events])
      used.add(resolveHandlerExtras(handler.extras, other).lane ?? other);
  }
  const other = [high, low].find((stream) => used.has(stream));
  if (other !== undefined) {
    const told = `"${other}" is a stream of its classes, and a pattern or a lane`;
    throw unfit(pattern, 'priorities', told);
  }
}
