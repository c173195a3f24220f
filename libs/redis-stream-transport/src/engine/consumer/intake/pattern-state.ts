import type { Announcement } from '../../../redis/lease-broker.js';
import type { Overflow, RetryPolicy } from '../../../options/index.js';
import type { Pause } from '../../../protocol/pause.js';
import { PatternTally } from '../run/pattern-tally.js';
import { Waiting } from '../run/waiting.js';

/** What the engine must know of a pattern. The runner knows how it is handled. */
export interface PatternSpec {
  readonly pattern: string;
  readonly stream: string;
  /** Its requests may be in a stream of each shard, and callers use so many; undefined: it has one stream. */
  readonly spread?: number | undefined;
  /** Its entries may be in the streams of classes of importance, beside its own. */
  readonly priorities?: boolean | undefined;
  /** No handler names it: a wildcard stands for it. */
  readonly wild?: boolean | undefined;
  /** It has a message handler, which answers requests. */
  readonly answers: boolean;
  /** It has a handler of events. */
  readonly hears: boolean;
  /** Each live instance gets its own copy of the events. */
  readonly broadcast: boolean;
  /** Most handlers of the pattern at once in this process; undefined: only the server's bound holds. */
  readonly concurrency: number | undefined;
  /** Of errors; undefined: an error is the reply. `RetryLater` follows the server's policy then. */
  readonly retry: RetryPolicy | undefined;
  /** An entry may be started once only. */
  readonly once: boolean;
  /** A streamed reply may begin anew in another process. */
  readonly restartable: boolean;
  /** Of the message handler: what may wait for a reader that is slow, and what happens to the rest. */
  readonly overflow?: { readonly way: Overflow; readonly buffer: number } | undefined;
}

/** Handlers that must be able to run at once where packs are taken. */
const ROOM_FOR_PACKS = 64;
/** Milliseconds of a handler above which packs save next to nothing. */
const LONG = 50;
/** How fast the mean follows: over some 40 runs, so that one long run among many short ones does not stop packs. */
const FOLLOW = 0.025;

/** A pattern while the server runs. */
export class PatternState {
  running = 0;
  /** Its entries that were read and wait for a slot. */
  readonly line = new Waiting();
  /** Starts and ends of handlers so far. */
  progress = 0;
  /** Its handlers that wait for calls of their own, by depth; counted only if it has a bound. */
  private readonly lentAt: number[] = [];
  private lent = 0;

  /** Nothing of it starts, until somebody resumes it (rule L27). */
  pause: Pause | undefined;
  /** It has entries that wait for the end of the pause and cannot be refused: events, and what may have run. */
  isOwing = false;

  readonly tally = new PatternTally();
  /** Milliseconds that a handler takes, as a running mean. */
  private meanTime = 0;

  constructor(public spec: PatternSpec) {}

  /** Its requests are answered from now on, or left to another group. What has been taken here goes on in both cases. */
  answer(does: boolean): void {
    this.spec = { ...this.spec, answers: does };
  }

  /**
   * Callers may put several calls into one entry. That saves the more the shorter the handlers are; where they are
   * long or few may run, the calls of a pack would wait while other instances have room.
   *
   * @param concurrency handlers of the process that may run at once
   */
  takesPacks(concurrency: number): boolean {
    // A pack of many calls that matter less would be in front of one that matters more.
    if (this.spec.priorities === true) return false;
    const room = Math.min(this.bound, concurrency);
    return room >= ROOM_FOR_PACKS && this.meanTime <= LONG;
  }

  /** A handler took so many milliseconds. */
  took(ms: number): void {
    this.tally.ran(ms);
    this.meanTime += (ms - this.meanTime) * FOLLOW;
  }

  /** Most of its handlers at once, beside the server's bound; Infinity without a bound of its own. */
  get bound(): number {
    return this.spec.concurrency ?? Number.POSITIVE_INFINITY;
  }

  get waiting(): number {
    return this.line.size;
  }

  private get isAtBound(): boolean {
    return this.spec.concurrency !== undefined && this.running >= this.spec.concurrency;
  }

  /** None of its entries can start now. */
  get isFull(): boolean {
    return this.pause !== undefined || this.isAtBound;
  }

  /**
   * How many entries of it a read may bring. While it is paused it has room for what is refused at once: all calls if
   * they do not wait, else those beyond what may wait.
   *
   * @param mayPark one more entry may be read that has to wait
   * @param rank the class of importance that is read
   */
  room(mayPark: boolean, rank: number): number {
    const { pause, line } = this;
    if (pause === undefined) {
      const room = this.bound - this.running - line.size;
      return room <= 0 && rank < line.ahead ? 1 : room;
    }
    return pause.refuses || !mayPark ? Number.POSITIVE_INFINITY : 0;
  }

  /** All places are taken by handlers that wait for calls of their own. */
  get isLent(): boolean {
    return this.isAtBound && this.lent === this.running;
  }

  /** Places for nested calls: those that are free or lent. */
  get nestedRoom(): number {
    if (this.pause?.refuses === false) return 0;
    return Math.max(0, this.bound - this.running + this.lent);
  }

  /**
   * Whether one more handler of this depth may run. A handler that waits for a call of its own lends its place to
   * deeper calls only: one of them may be the call that it waits for. Invariants: handlers that do not wait are
   * never more than the bound, and neither are those of one depth.
   */
  admits(depth: number): boolean {
    if (this.pause !== undefined) return false;
    if (!this.isAtBound) return true;
    if (this.lent === 0 || depth === 0) return false;
    let lent = 0;
    for (let above = 0; above < depth; above++) lent += this.lentAt[above] ?? 0;
    return this.running - lent < this.bound;
  }

  /** A handler of this depth begins (1) or ceases (-1) to lend its place. */
  lends(depth: number, by: 1 | -1): void {
    if (this.spec.concurrency === undefined) return;
    this.lentAt[depth] = (this.lentAt[depth] ?? 0) + by;
    this.lent += by;
  }
}

/**
 * What a consumer announces to callers: the patterns whose requests it answers.
 * @param concurrency handlers of the process that may run at once
 */
export function announcementsOf(
  states: readonly PatternState[],
  concurrency: number,
): Announcement[] {
  return states
    .filter(({ spec }) => spec.answers)
    .map((state) => {
      const { pattern, once, spread, wild } = state.spec;
      return { pattern, once, spread, wild, packs: state.takesPacks(concurrency) };
    });
}

/**
 * The streams whose events a consumer hears, and whether it takes packs of them: if none of their patterns is slow.
 * @param concurrency handlers of the process that may run at once
 */
export function heardBy(states: readonly PatternState[], concurrency: number): Announcement[] {
  const heard = new Map<string, boolean>();
  for (const state of states) {
    const { stream, hears } = state.spec;
    if (hears) heard.set(stream, heard.get(stream) !== false && state.takesPacks(concurrency));
  }
  return [...heard].map(([pattern, packs]) => ({ pattern, packs, hears: true, once: false }));
}
