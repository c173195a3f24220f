/**
 * What a function in a thread may know beside its data. Of a batch there is no id and there are no headers: `messageId` is
 * empty, `callId` undefined, `metadata` empty; what the function needs of each message it is given as data.
 */
export interface ThreadContext {
  /**
   * Fires when the deadline passes, when the caller cancels, when another instance takes the entry over, when the server
   * closes, and after `threads.timeout`; of a batch when that has happened to each message. A loop that never waits may ask
   * `signal.aborted`, which looks each time. What has not ended `threads.grace` milliseconds later is ended with its thread.
   */
  readonly signal: AbortSignal;
  /** In Nest's normal form. */
  readonly pattern: string;
  /** Id of the entry in its stream. */
  readonly messageId: string;
  /** Id of the call, `<caller>/<call>`; undefined for events. */
  readonly callId: string | undefined;
  /** Headers. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How often the entry was handed to an instance, this time included; of a batch, the most. */
  readonly deliveryCount: number;
  /** Milliseconds until the deadline, 0 when it has passed; Infinity without one. Of a batch, the longest. */
  remainingTime(): number;
}
