import type { CallOutcome, RedisStreamsErrorCode } from '../../../errors.js';
import type { ReplyKind } from '../../../protocol/frame.js';
import type { Thrown } from '../../../thrown.js';

/** An attempt that did not succeed. */
export interface FailedAttempt {
  /** Milliseconds to wait; undefined: as the policy says. */
  readonly delay: number | undefined;
  /** What the next attempt should know; no spaces. */
  readonly state: string;
  /** What went wrong, for the dead letter. */
  readonly detail: string;
  /** JSON of the error that the caller gets when there is no further attempt; undefined: a fault. */
  readonly error: string | undefined;
  /** What was thrown, for operators; undefined: nothing was. */
  readonly thrown?: Thrown | undefined;
}

/** Why an entry is given up, and what its caller is told. */
export interface DeadLetterCause {
  readonly reason: string;
  readonly detail: string;
  readonly kind: ReplyKind;
  /** JSON. */
  readonly payload: string;
  /** What was thrown, for operators; undefined: nothing was. */
  readonly thrown?: Thrown | undefined;
}

/** JSON of what the transport itself has to say to a caller. */
export function faultText(
  code: RedisStreamsErrorCode,
  message: string,
  outcome: CallOutcome,
): string {
  return JSON.stringify({ code, message, outcome });
}
