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
  /** Retries; undefined: as the server is told. */
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
  /** Starts and ends so far. */
  moves = 0;
  /** Handlers of it that wait for calls of their own, by depth; counted only where it has a bound. */
  private readonly lentAt: number[] = [];
  private lent = 0;

  constructor(readonly spec: PatternSpec) {}

  /** Handlers of it that may run at once, beside the server's bound. */
  get bound(): number {
    return this.spec.concurrency ?? Number.POSITIVE_INFINITY;
  }

  get isFull(): boolean {
    return this.spec.concurrency !== undefined && this.running >= this.spec.concurrency;
  }

  /** Every place is taken, by handlers that wait for calls of their own. */
  get isLent(): boolean {
    return this.isFull && this.lent === this.running;
  }

  /** Places for calls that were made inside handlers: those that are free or lent. */
  get nestedRoom(): number {
    return Math.max(0, this.bound - this.running + this.lent);
  }

  /**
   * Whether a handler of this depth may run beside those that do. A handler that waits for a call of its own lends its
   * place to deeper calls alone: it may be one of those that it waits for. So of all depths together no more
   * run without waiting than the bound permits, and as many at each depth.
   */
  admits(depth: number): boolean {
    if (!this.isFull) return true;
    if (this.lent === 0 || depth === 0) return false;
    let lent = 0;
    for (let above = 0; above < depth; above++) lent += this.lentAt[above] ?? 0;
    return this.running - lent < this.bound;
  }

  /** A handler of this depth lends its place from now on, or no longer. */
  lends(depth: number, by: 1 | -1): void {
    if (this.spec.concurrency === undefined) return;
    this.lentAt[depth] = (this.lentAt[depth] ?? 0) + by;
    this.lent += by;
  }
}

/** What a consumer tells the callers: the patterns whose requests it answers. */
export function announcementsOf(specs: readonly PatternSpec[]): Announcement[] {
  return specs.filter(({ answers }) => answers).map(({ pattern, once }) => ({ pattern, once }));
}
