import type { Announcement } from '../../../redis/lease-broker.js';
import type { RetryPolicy } from '../../../options/index.js';

/** What the engine must know of a pattern; how it is handled is the runner's business. */
export interface PatternSpec {
  readonly pattern: string;
  readonly stream: string;
  /** Answers requests (a message handler). */
  readonly answers: boolean;
  /** Every live instance gets its own copy of the events. */
  readonly broadcast: boolean;
  /** Handlers of the pattern that run at once in this process; undefined: only the server's bound. */
  readonly concurrency: number | undefined;
  /** Retries; undefined: none. */
  readonly retry: RetryPolicy | undefined;
  readonly once: boolean;
  /** A streamed reply may begin anew in another process. */
  readonly restartable: boolean;
}

/** A pattern while the server runs. */
export class PatternState {
  running = 0;
  /** Entries that were read and wait for a slot. */
  waiting = 0;

  constructor(readonly spec: PatternSpec) {}

  /** Handlers of it that may run at once, beside the server's bound. */
  get bound(): number {
    return this.spec.concurrency ?? Number.POSITIVE_INFINITY;
  }

  get isFull(): boolean {
    return this.spec.concurrency !== undefined && this.running >= this.spec.concurrency;
  }
}

/** What a consumer tells the callers: the patterns whose requests it answers. */
export function announcementsOf(specs: readonly PatternSpec[]): Announcement[] {
  return specs.filter(({ answers }) => answers).map(({ pattern, once }) => ({ pattern, once }));
}
