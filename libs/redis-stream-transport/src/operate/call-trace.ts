import type { ScheduledEntry } from './scheduled.js';

/** Where an entry of the call stands. */
export interface TracedEntry {
  readonly stream: string;
  readonly pattern: string;
  readonly entry: string;
  /** When it was stored, in milliseconds since 1970 by Redis' clock. */
  readonly storedAt: number;
  /** Deadline, on the same clock; undefined: it has none. */
  readonly deadlineAt: number | undefined;
  /** How many calls the entry holds: more than one is a pack. */
  readonly calls: number;
  /** Whether it may be started once only. */
  readonly once: boolean;
  /** What the groups of the stream have done with it. */
  readonly groups: readonly TracedGroup[];
}

export interface TracedGroup {
  readonly group: string;
  /**
   * - `waits`: it was not handed out yet.
   * - `held`: an instance has it: it runs there, or waits for a slot.
   * - `retry`: it waits for another attempt.
   * - `started`: it may be started once only, and was.
   * - `done`: this group has finished with it.
   */
  readonly state: 'waits' | 'held' | 'retry' | 'started' | 'done';
  readonly consumer: string | undefined;
  readonly heldFor: number | undefined;
  readonly deliveries: number;
  readonly attempts: number;
  readonly dueAt: number | undefined;
}

/** A reply that is still in the log of the caller. */
export interface TracedReply {
  /** When it was written, on Redis' clock. */
  readonly at: number;
  readonly instance: string;
  readonly kind: 'value' | 'last value' | 'end' | 'error of the handler' | 'fault' | 'restart';
  readonly deliveries: number;
  /** Of a fault or an error, what it says, as JSON of at most 1,024 characters. */
  readonly text: string | undefined;
}

/** A dead letter that the entry became. */
export interface TracedLetter {
  readonly id: string;
  readonly group: string;
  readonly at: number;
  readonly reason: string;
  readonly error: string;
  readonly deliveries: number;
  readonly attempts: number;
}

/** What Redis still knows of a call. */
export interface CallTrace {
  readonly call: string;
  readonly entries: readonly TracedEntry[];
  /** Where it waits until it is due. */
  readonly scheduled: readonly ScheduledEntry[];
  readonly replies: readonly TracedReply[];
  readonly deadLetters: readonly TracedLetter[];
  /** Whether the caller is connected, and listens for replies. */
  readonly callerListens: boolean;
  /** Whether the caller has sent anything in the last ten minutes. */
  readonly callerKnown: boolean;
  /** Sentences about what cannot be known any more. */
  readonly unknown: readonly string[];
}
