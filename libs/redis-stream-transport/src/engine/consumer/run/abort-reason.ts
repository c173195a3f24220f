import type { AbortReason } from '../../diagnostics/messages.js';

export type { AbortReason };

/** The texts of the reasons. */
export const ABORTED: Readonly<Record<AbortReason, string>> = {
  deadline: 'the deadline of the call has passed',
  cancelled: 'nobody waits for the call any more',
  fenced: 'another instance has taken the call over',
  closing: 'the server is closing',
};

/** The error with which a signal is aborted. */
export function abortError(reason: AbortReason): Error {
  const error = new Error(ABORTED[reason]);
  error.name = reason === 'deadline' ? 'TimeoutError' : 'AbortError';
  return error;
}
