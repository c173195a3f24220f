import type { CallOutcome, RedisStreamsErrorCode } from '../../../errors.js';
import { REPLY, type ReplyKind } from '../../../protocol/frame.js';
import type { History } from './history.js';
import type { Thrown } from '../../../thrown.js';

/** Why an entry cannot be read. */
export type MalformedCode = 'INVALID_MESSAGE' | 'CODEC_MISMATCH' | 'UNTRUSTED';

/** A reply that is kept for the end. */
export interface LastReply {
  readonly kind: ReplyKind;
  /** JSON. */
  readonly payload: string;
}

/** An attempt that failed. */
export interface FailedAttempt {
  /** Milliseconds until the next attempt; undefined: the policy decides. */
  readonly delay: number | undefined;
  /** Text for the next attempt; no spaces. */
  readonly state: string;
  /** What went wrong, for the dead letter. */
  readonly detail: string;
  /** The error that the caller gets after the last attempt; undefined: it gets a fault. */
  readonly error: LastReply | undefined;
  /** What was thrown, for operators; undefined: nothing was. */
  readonly thrown?: Thrown | undefined;
}

/** Why an entry becomes a dead letter, and what its caller is told. */
export interface DeadLetterCause {
  readonly reason: string;
  readonly detail: string;
  readonly kind: ReplyKind;
  /** JSON. */
  readonly payload: string;
  /** What was thrown, for operators; undefined: nothing was. */
  readonly thrown?: Thrown | undefined;
}

/** What is told of a call that was started, once only, by an instance that is gone. */
export const INTERRUPTED =
  'the instance that ran the call is gone, and it may not be started again';

/** JSON of an error of the transport itself, for a caller. */
export function faultText(
  code: RedisStreamsErrorCode,
  message: string,
  outcome: CallOutcome,
): string {
  return JSON.stringify({ code, message, outcome });
}

/**
 * The end of an event whose time was over before it could start. `isDue`: it had started before, and failed or lost its
 * instance; what may be half done is never removed without a trace.
 */
export function expiredLetter(history: History): DeadLetterCause & { readonly isDue: boolean } {
  const before = history.deliveries > 1 || history.attempts > 0;
  const detail = `its time was over before a handler could start${before ? ' again' : ''}`;
  const payload = faultText('TIMEOUT', detail, before ? 'may-have-run' : 'not-run');
  return { reason: 'expired', detail, kind: REPLY.fault, payload, isDue: before };
}
