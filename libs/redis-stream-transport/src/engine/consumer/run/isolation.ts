import type { Clock } from '../../clock.js';
import type { Delivery } from './delivery.js';

/** Milliseconds for which a suspect waits for what runs, and nothing else begins. */
const CLEARING = 500;
/** Milliseconds after its start in which nothing else begins. */
const APART = 1000;
/** Milliseconds after that in which everything else may begin, except another suspect. */
const BESIDE = 4000;
/** Fewest milliseconds between two suspects in which everything else may begin. */
const SHORTEST_REST = 10;
/** Suspects held that cannot start, up to which another may come that can. */
const MOST_HELD = 10;

export interface IsolationHooks {
  /** Handlers that run in this process. */
  running(): number;
  /** It has a slot, its pattern too, and the lease holds. */
  canStart(delivery: Delivery): boolean;
  /** Starts it, or ends it when it is too late for that. */
  start(delivery: Delivery): void;
  /** Everything else may begin again, or another suspect may come. */
  opened(): void;
}

/**
 * - `open`: there is no suspect;
 * - `clearing`: one waits until nothing runs, and nothing else begins;
 * - `overdue`: it has waited long enough: it begins as soon as there is a slot, beside what runs on;
 * - `apart`: it runs, and nothing else begins;
 * - `beside`: it has run for a while, and everything else begins again, except another suspect, for some time;
 * - `resting`: everything else has its turn before the next suspect, for as long as it was kept waiting.
 */
type Phase = 'open' | 'clearing' | 'overdue' | 'apart' | 'beside' | 'resting';

/**
 * Keeps suspects apart: entries on their last permitted delivery, which may be what ended their instances.
 * One at a time, alone where that is possible, so that poison takes no innocent with it and no suspect dies
 * of another's poison; but nothing waits for longer than `CLEARING + APART`, and no other suspect for longer
 * than `BESIDE` beyond that, because innocent suspects may be slow and what runs beside them may be endless.
 */
export class Isolation {
  private phase: Phase = 'open';
  private readonly waiting: Delivery[] = [];
  private current: Delivery | undefined;
  private cancelTimer: () => void = () => undefined;
  /** When everything else was stopped, and for how many milliseconds in all for this suspect. */
  private closedAt = 0;
  private stopped = 0;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: IsolationHooks,
  ) {}

  /** Nothing else may begin. */
  get isClosed(): boolean {
    return this.phase === 'clearing' || this.phase === 'apart';
  }

  /** There is no suspect here, and it is time for one. */
  get isOpen(): boolean {
    return this.phase === 'open';
  }

  /** Another suspect may come: there is none, or those that are here wait for what may never end. */
  get takes(): boolean {
    return this.isOpen || (this.phase === 'overdue' && this.waiting.length < MOST_HELD);
  }

  /** Suspects that have not started. */
  get waits(): number {
    return this.waiting.length;
  }

  add(delivery: Delivery): void {
    this.waiting.push(delivery);
    if (this.phase === 'open') this.clear();
  }

  /** Starts the next suspect, if it is time. */
  next(): void {
    if (this.phase === 'open') return;
    for (;;) {
      // One whose pattern is at its bound must not keep the others waiting.
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
      // It was too late for it: the next one takes its place.
      this.current = undefined;
      if (this.waiting.length === 0) this.rest();
      else if (late) this.enter('overdue');
      else this.clear();
    }
  }

  /** It ran, and has ended. */
  ended(delivery: Delivery): void {
    if (this.current !== delivery) return;
    this.current = undefined;
    this.rest();
  }

  /** It runs on, and has kept the other suspects waiting for long enough; everything else had its turn. */
  private passed(): void {
    this.current = undefined;
    this.stopped = 0;
    this.rest();
  }

  /** It ended without having run. */
  forget(delivery: Delivery): void {
    const at = this.waiting.indexOf(delivery);
    if (at === -1) return;
    this.waiting.splice(at, 1);
    const nobodyIsNext = this.waiting.length === 0 && this.current === undefined;
    if (nobodyIsNext && this.phase !== 'resting') this.rest();
  }

  /** Takes what has not started off the queue. */
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
