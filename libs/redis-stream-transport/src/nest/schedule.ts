import { randomBytes } from 'node:crypto';
import type { CallRequest } from '../engine/producer/call-request.js';
import type { CallerShard } from '../engine/producer/caller-shard.js';
import type { Schedule } from '../engine/producer/sending/entry-request.js';
import { RedisStreamsError } from '../errors.js';
import type { ResolvedClientOptions, ResolvedRecordOptions } from '../options/index.js';
import { shardOf } from '../protocol/keys.js';
import { MAX_DELAY, MAX_KEY_LENGTH, MAX_TIMEOUT } from '../protocol/limits.js';
import { streamsOf } from '../protocol/priority.js';
import { CommandFailure } from '../redis/failure.js';
import { waitingId, withdraw } from '../redis/operations/scheduling/withdraw.js';

/**
 * When a call or an event is due, and whether it may be there already; undefined: at once, and in any case.
 *
 * @param now by the clock of the sender, milliseconds since 1970
 * @throws RedisStreamsError INVALID_OPTION
 */
export function scheduleOf(
  { delay, notBefore, messageId }: ResolvedRecordOptions,
  { messageIdWindow: window }: ResolvedClientOptions,
  pattern: string,
  now: number,
): Schedule | undefined {
  const time = notBefore === undefined ? delay : Math.max(0, notBefore - now);
  if (time === undefined && messageId === undefined) return undefined;
  if ((time ?? 0) > MAX_DELAY)
    throw refusedFor(pattern, 'notBefore', 'it is more than a year ahead');
  const id =
    messageId === undefined ? randomBytes(16).toString('base64url') : waitingId(messageId, pattern);
  return { id, wait: time, notBefore, messageId, window };
}

/**
 * Takes back an event by its message id, or a call by its id. Returns whether it still waited.
 *
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export async function cancelScheduled(
  { lanes }: ResolvedClientOptions,
  shards: readonly Pick<CallerShard, 'commands' | 'keys'>[],
  pattern: string,
  id: string,
): Promise<boolean> {
  if (typeof id !== 'string' || id === '' || id.length > MAX_KEY_LENGTH) {
    const message = `cancelScheduled() takes a message id or the id of a call, of 1 to ${MAX_KEY_LENGTH} characters`;
    throw new RedisStreamsError('INVALID_OPTION', message, { pattern });
  }
  const lane = lanes.get(pattern);
  const { commands: link, keys } = shards[
    shardOf(lane ?? pattern, shards.length)
  ] as (typeof shards)[number];
  const ids = new Set([waitingId(id, pattern), id]);
  const sent = { pattern, messageId: id };
  const streams = lane === undefined ? streamsOf(pattern, shards.length) : [lane];
  const entries = streams.flatMap((stream) =>
    [...ids].map((each) => ({ stream, id: each, due: 0, words: '', sent })),
  );
  try {
    return (await withdraw({ link, keys }, entries)).includes('withdrawn');
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const code = error.kind === 'refused' ? 'REDIS' : 'NOT_CONNECTED';
    const message = `it is not known whether ${id.slice(0, 64)} of ${pattern} was taken back: ${error.message}`;
    throw new RedisStreamsError(code, message, { pattern, outcome: 'may-have-run', cause: error });
  }
}

/**
 * Checks a call that is due later.
 *
 * @param left milliseconds until the handler that makes it ends; undefined: no handler does
 * @throws RedisStreamsError INVALID_OPTION
 */
export function checkWaitingCall(
  { pattern, schedule, timeout, idle, grace }: CallRequest,
  left: number | undefined,
): void {
  if (schedule === undefined) return;
  const { wait = 0, notBefore } = schedule;
  const refuse = (reason: string): never => {
    throw refusedFor(pattern, notBefore === undefined ? 'delay' : 'notBefore', reason);
  };
  if (grace === 'fail') refuse(`"whenNoConsumer" 'fail' must be decided at once`);
  if (wait + (idle || timeout) > MAX_TIMEOUT)
    refuse(`with its timeout it takes more than ${MAX_TIMEOUT} ms; use an event`);
  if (left !== undefined && left <= wait)
    refuse('the handler that makes it ends before it is due; use an event');
}

function refusedFor(pattern: string, name: string, reason: string): RedisStreamsError {
  const message = `RedisStreamsRecord: option "${name}" for ${pattern}: ${reason}`;
  return new RedisStreamsError('INVALID_OPTION', message, { pattern });
}
