import { NO_MESSAGE_HANDLER_TEXT, RedisStreamsError, type CallOutcome } from '../../../errors.js';
import type { Refusal } from '../../../redis/verdict.js';
import type { EntryRequest } from './entry-request.js';
import type { OutgoingEntry } from './outgoing-entry.js';

type Named = Pick<OutgoingEntry, 'pattern' | 'tainted'>;

/**
 * The error of an entry that a verdict refused.
 *
 * @param message the text where Redis itself is the reason
 * @param cause Redis' own error, if there is one
 */
export function refusalOf(
  entry: Named,
  reason: Refusal,
  message: string,
  cause?: Error,
): RedisStreamsError {
  const facts = factsOf(entry);
  switch (reason) {
    case 'NEVER':
    case 'NONE':
      return new RedisStreamsError('NO_CONSUMER', NO_MESSAGE_HANDLER_TEXT, facts);
    case 'FULL':
      return new RedisStreamsError('OVERLOADED', `the stream of ${entry.pattern} is full`, facts);
    case 'E':
      return new RedisStreamsError('REDIS', message, { ...facts, cause });
  }
}

/** The error of an entry whose batch ended with one. */
export function failureOf(entry: Named, { code, message, cause }: RedisStreamsError) {
  return new RedisStreamsError(code, message, { ...factsOf(entry), cause });
}

/**
 * The error of an entry that is stored, and may be lost.
 *
 * @param what names the entry
 * @param why too few replicas have it, in words
 */
export function unsafeOf(
  { pattern }: Named,
  outcome: CallOutcome,
  what: string,
  why: Error,
): RedisStreamsError {
  const message = `${what} is stored, and may be lost with its Redis: ${why.message}`;
  return new RedisStreamsError('REDIS', message, { pattern, outcome, cause: why });
}

/** Another copy of a tainted entry may have been stored. */
function factsOf({ pattern, tainted }: Named) {
  return { pattern, outcome: tainted ? 'may-have-run' : 'not-run' } as const;
}

/**
 * Why a call is not even tried, if that is so.
 * @param open how many calls are open
 * @param most how many may be
 */
export function obstacleTo(
  request: EntryRequest,
  closed: boolean,
  open: number,
  most: number,
): RedisStreamsError | undefined {
  if (closed) return new RedisStreamsError('CLOSED', 'the client is closed', request);
  if (open < most) return undefined;
  return new RedisStreamsError('OVERLOADED', `the client has ${most} calls open`, request);
}
