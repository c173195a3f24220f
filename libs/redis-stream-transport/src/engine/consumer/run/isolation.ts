import type { Clock } from '../../clock.js';
import type { Delivery } from './delivery.js';

/** Milliseconds for which a suspect waits for running handlers to end, while nothing else begins. */
const CLEARING = 500;
/** Milliseconds after its start in which nothing else begins. */
const APART = 1000;
/** Milliseconds after that in which all but suspects may begin. */
const BESIDE = 4000;
/** Fewest milliseconds between two suspects, in which all but suspects may begin. */
const SHORTEST_REST = 10;
/** Suspects that are held and cannot start; below this number one more may be taken, which perhaps can. */
const MOST_HELD = 10;

export interface IsolationHooks {
  /** Handlers that run in this process. */
  running(): number;
  /** There is a slot for it, its pattern has room, and the lease certainly holds. */
  canStart(delivery: Delivery): boolean;
  /** Starts it, or ends it if its deadline has passed. */
  start(delivery: Delivery): void;
  /** Other entries may begin again, or another suspect may be taken. */
  opened(): void;
}

/**
 * - `open`: there is no suspect;
 * - `clearing`: a suspect waits until nothing runs, and nothing else begins;
 * - `overdue`: it has waited long enough, and begins at the next free slot, beside what still runs;
 * - `apart`: it runs, and nothing else begins;
 * - `beside`: it still runs, and all but suspects may begin again;
 * - `resting`: all but suspects may begin, for as long as they were kept waiting.
 */
type Phase = 'open' | 'clearing' | 'overdue' | 'apart' | 'beside' | 'resting';

/**
 * Runs suspects apart: entries on their last permitted delivery, which may be what ended their instances. They run
 * one at a time, and alone if possible, so that a poison entry takes no other entry with it. One suspect keeps
 * entries waiting for `CLEARING + APART` at most, and other suspects for `BESIDE` more: a suspect may be harmless
 * and slow, and what runs beside it may never end.
 */
export class Isolation {
  private phase: Phase = 'open';
  private readonly waiting: Delivery[] = [];
  private current: Delivery | undefined;
  private cancelTimer: () => void = () => undefined;
  /** Monotonic time of the last change of phase, and milliseconds for which this suspect kept others waiting. */
  private closedAt = 0;
  private stopped = 0;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: IsolationHooks,
  ) {}

  /** Nothing but the suspect may begin. */
  get isClosed(): boolean {
    return this.phase === 'clearing' || this.phase === 'apart';
  }

  /** There is no suspect here, and one may be taken. */
  get isOpen(): boolean {
    return this.phase === 'open';
  }

  /** One more suspect may be taken: there is none, or those that are here wait for handlers that may never end. */
  get takes(): boolean {
    return this.isOpen || (this.phase === 'overdue' && this.waiting.length < MOST_HELD);
  }

  /** Suspects that have not started. */
  get waits(): number {
    return this.waiting.length;
  }

  /** One is about to be claimed: nothing begins that could take it with it, for as long as a suspect waits at most. */
  expect(): void {
    if (this.phase === 'open') this.clear();
  }

  /** What was expected is here, or there is none. */
  expected(): void {
    const isMissing = this.waiting.length === 0 && this.current === undefined;
    if (isMissing && (this.phase === 'clearing' || this.phase === 'overdue')) this.rest();
  }

  add(delivery: Delivery): void {
    this.waiting.push(delivery);
    this.expect();
  }

  /** Starts the next suspect, if it is time. */
  next(): void {
    if (this.phase === 'open') return;
    for (;;) {
      // A suspect whose pattern is at its bound must not keep the others waiting.
      const at = this.isTime ? this.waiting.findIndex((one) => this.hooks.canStart(one)) : -1;
      const delivery = this.waiting[at];
      if (delivery === undefined) return;
      this.waiting.splice(at, 1);
      const late = this.phase === 'overdue';
      this.current = delivery;
      this.enter('apart', APART, () => {
        this.enter('beside', BESIDE, () => this.passed());
        this.hooks.opened();
      });
      this.hooks.start(delivery);
      // It runs, or has ended already.
      if (delivery.running || this.current !== delivery) return;
      // Its deadline had passed: the next suspect takes its place.
      this.current = undefined;
      if (this.waiting.length === 0) this.rest();
      else if (late) this.enter('overdue');
      else this.clear();
    }
  }

  /** The delivery ran and has ended. */
  ended(delivery: Delivery): void {
    if (this.current !== delivery) return;
    this.current = undefined;
    this.rest();
  }

  /** The suspect still runs, and has kept other suspects waiting for long enough. */
  private passed(): void {
    this.current = undefined;
    this.stopped = 0;
    this.rest();
  }

  /** The delivery ended before it ran. */
  forget(delivery: Delivery): void {
    const at = this.waiting.indexOf(delivery);
    if (at === -1) return;
    this.waiting.splice(at, 1);
    const nobodyIsNext = this.waiting.length === 0 && this.current === undefined;
    if (nobodyIsNext && this.phase !== 'resting') this.rest();
  }

  /** Takes all suspects that have not started off the queue. */
  clearWaiting(): void {
    this.waiting.length = 0;
    if (this.current === undefined) this.enter('open');
  }

  stop(): void {
    this.cancelTimer();
  }

  private get isTime(): boolean {
    if (this.phase === 'overdue') return true;
    return this.phase === 'clearing' && this.hooks.running() === 0;
  }

  private clear(): void {
    this.enter('clearing', CLEARING, () => {
      this.enter('overdue');
      this.hooks.opened();
    });
  }

  private rest(): void {
    this.enter('resting');
    const ms = Math.max(SHORTEST_REST, this.stopped);
    this.stopped = 0;
    this.enter('resting', ms, () => {
      if (this.waiting.length > 0) this.clear();
      else this.enter('open');
      this.hooks.opened();
    });
  }

  private enter(phase: Phase, ms?: number, then: () => void = () => undefined): void {
    this.cancelTimer();
    const now = this.clock.now();
    if (this.isClosed) this.stopped += now - this.closedAt;
    this.phase = phase;
    this.closedAt = now;
    this.cancelTimer = ms === undefined ? () => undefined : this.clock.after(ms, then);
  }
}
