import type { EntryDiagnostics } from '../../diagnostics/messages.js';

/** What is known of an entry beside its fields. */
export interface History {
  /** How often it was handed out, this time included. */
  readonly deliveries: number;
  /** How many of these were to instances that left by themselves: those do not count. */
  readonly spared: number;
  /** It is on its last permitted delivery, which is not its first: it may be what ended its instances. */
  readonly suspect: boolean;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** Text that an earlier attempt left for this one. */
  readonly state: string;
  /** Incarnation of Redis at the read. */
  readonly incarnation: string;
  /** Generation of this process at the read. */
  readonly generation: number;
}

/** When an entry was read, and when it started: monotonic, ms. */
export interface RunTimes {
  readonly read: number;
  started: number | undefined;
  /** What each message about it says: made once, as it does not change. */
  readonly about: EntryDiagnostics;
}
