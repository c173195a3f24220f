import { randomBytes } from 'node:crypto';
import type { CallRequest } from '../engine/producer/call-request.js';
import type { Schedule } from '../engine/producer/sending/entry-request.js';
import { RedisStreamsError } from '../errors.js';
import type { ResolvedRecordOptions } from '../options/index.js';
import { MAX_DELAY, MAX_TIMEOUT } from '../protocol/limits.js';

/**
 * When a call or an event is due; undefined: at once.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function scheduleOf(
  { delay, notBefore }: ResolvedRecordOptions,
  pattern: string,
): Schedule | undefined {
  if (delay === undefined && notBefore === undefined) return undefined;
  const wait = delay ?? Math.max(0, (notBefore as number) - Date.now());
  if (wait > MAX_DELAY) throw refusedFor(pattern, 'notBefore', 'it is more than a year ahead');
  return { id: randomBytes(16).toString('base64url'), wait, notBefore };
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
  const { wait, notBefore } = schedule;
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
