import type { Clock } from '../../clock.js';
import { DeadlineQueue } from '../../deadline-queue.js';
import type { Delivery, DeliverySlots } from './delivery.js';
import { Isolation } from './isolation.js';
import type { NestedRoom } from '../intake/nested-reads.js';
import { Nesting } from './nesting.js';
import { WaitingLine } from './waiting-line.js';

/** Milliseconds after its deadline until a handler that still runs loses its slot. */
const GRACE = 5000;
/** Milliseconds after a cancellation until a handler that still runs loses its slot. */
const ABORT_GRACE = 5000;

/**
 * Waiting entries up to which more may be read of lanes, whose next entry may be for a pattern that is at its
 * bound. The audit must be able to look at all that is held.
 */
const MAX_PARKED = 1000;
const LOCKED = 'every handler of the instance waits for calls that handlers have made';

export interface DispatcherHooks {
  /** The handler did not stop after the abort and the grace: end the delivery without it. */
  stuck(delivery: Delivery): void;
  /** Whether its handler may start now: the lease must certainly hold. */
  mayStart(delivery: Delivery): boolean;
  /** Redis' clock, milliseconds. @param at the monotonic time, if it is known */
  redisNow(at?: number): number;
  /** Entries that have ended here and wait for Redis, which refuses to take note or is late. */
  owed(): number;
  /** A slot is free, or more may be read. */
  changed(): void;
}

/**
 * Runs deliveries under the bounds of the process: `concurrency` in all, and fewer for some patterns. Entries on
 * their last permitted delivery run apart, so that a poison entry takes no others with it.
 */
export class Dispatcher implements NestedRoom, DeliverySlots {
  private running = 0;
  /** Starts and ends of handlers so far. */
  progress = 0;
  private readonly line = new WaitingLine();
  readonly waiting = this.line.all;
  readonly isolation: Isolation;
  private readonly nesting: Nesting;
  private readonly deadlines: DeadlineQueue<Delivery>;
  private readonly idle: (() => void)[] = [];
  private quiet = false;
  /** `free` was 0 because entries wait for Redis. */
  private isHeldBack = false;

  constructor(
    private readonly concurrency: number,
    private readonly clock: Clock,
    private readonly hooks: DispatcherHooks,
  ) {
    this.nesting = new Nesting(concurrency);
    this.deadlines = new DeadlineQueue(clock, (delivery) => this.late(delivery));
    this.isolation = new Isolation(clock, {
      running: () => this.running,
      canStart: (delivery) => this.hasRoom(delivery),
      start: (delivery) => this.start(delivery),
      opened: () => {
        this.next();
        hooks.changed();
      },
    });
  }

  /**
   * Slots for entries that are not read yet. An entry that waits only for its pattern takes no slot: a slow pattern
   * must not keep the others from being read. An entry that waits for Redis takes one, although its handler has
   * ended: otherwise a Redis that refuses writes would fill the memory of this process.
   */
  get free(): number {
    if (this.quiet || this.isolation.isClosed) return 0;
    const slots = this.concurrency - this.running - this.line.unparked;
    if (slots <= 0) return 0;
    const owed = this.hooks.owed();
    this.isHeldBack = owed >= slots;
    return Math.max(0, slots - owed);
  }

  /** One entry of classes below this number may be read although none can start: what waits matters less. */
  get ahead(): number {
    const { ahead } = this.line.waiting;
    if (ahead === 0 || this.quiet || this.isolation.isClosed) return 0;
    return this.hooks.owed() < this.concurrency ? ahead : 0;
  }

  /** Fewer entries wait for Redis. */
  eased(): void {
    if (!this.isHeldBack) return;
    this.isHeldBack = false;
    this.hooks.changed();
  }

  /** More may be read of lanes whose next entry may be for a pattern that is at its bound. */
  get mayPark(): boolean {
    return this.parkable > 0;
  }

  get parkable(): number {
    return Math.max(0, MAX_PARKED - this.waiting.length);
  }

  get allWait(): boolean {
    return this.running > 0 && this.nesting.waiting === this.running;
  }

  /** Slots for nested calls (made inside handlers): those that are free or lent; 0 while none is lent. */
  get nested(): number {
    return this.quiet || this.isolation.isClosed ? 0 : this.nesting.room(this.running);
  }

  /** There is room for a suspect, an entry on its last permitted delivery: one at a time, with pauses. */
  get takesSuspect(): boolean {
    return this.isolation.takes && (this.free > 0 || this.nested > 0);
  }

  get inFlight(): number {
    return this.running;
  }

  /** Entries that were read and have not started. */
  get unstarted(): number {
    return this.waiting.length + this.isolation.waits;
  }

  accept(delivery: Delivery): void {
    if (delivery.history.suspect) this.isolation.add(delivery);
    else if (this.canStart(delivery)) return this.start(delivery);
    else {
      this.line.add(delivery);
      if (this.ahead > 0) this.hooks.changed();
    }
    this.next();
  }

  /** The delivery has ended in any way. Idempotent. */
  finished(delivery: Delivery): void {
    this.deadlines.remove(delivery);
    if (!delivery.running) {
      this.forget(delivery);
      return;
    }
    delivery.running = false;
    this.running--;
    this.progress++;
    this.nesting.ended(delivery);
    delivery.pattern.running--;
    delivery.pattern.progress++;
    if (delivery.startedAt > 0) delivery.pattern.took(this.clock.now() - delivery.startedAt);
    this.isolation.ended(delivery);
    if (this.waiting.length > 0 || !this.isolation.isOpen) this.next();
    if (this.running === 0) this.tellIfIdle();
    this.hooks.changed();
  }

  /** Its handler waits for one call more (1), or for one less (-1); while it waits it lends its slot. */
  waits(delivery: Delivery, calls: 1 | -1): void {
    if (!this.nesting.waits(delivery, calls)) return;
    if (this.waiting.length > 0 || this.isolation.waits > 0) this.next();
    this.hooks.changed();
  }

  refuseWaiting(): number {
    const refused = this.waiting.filter(
      ({ depth, isRequest, history: { deliveries, attempts } }) =>
        depth === 0 && isRequest && deliveries === 1 && attempts === 0,
    );
    for (const delivery of refused) delivery.fault('OVERLOADED', LOCKED, 'not-run');
    return refused.length;
  }

  /** Sets the deadline of a streamed call anew. */
  renewed(delivery: Delivery): void {
    this.deadlines.remove(delivery);
    const at = this.clock.now();
    const now = this.hooks.redisNow(at);
    delivery.deadline = now + delivery.entry.header.idle;
    this.watch(delivery, now, at);
  }

  /** Its caller no longer waits: tells the handler, and gives it up after a grace. */
  abort(delivery: Delivery): void {
    delivery.abort('cancelled');
    if (delivery.ended) return;
    this.deadlines.remove(delivery);
    delivery.expiresAt = this.clock.now() + ABORT_GRACE;
    this.deadlines.add(delivery);
  }

  /** Starts what can start of the waiting entries. */
  next(): void {
    if (this.quiet) return;
    this.isolation.next();
    if (this.isolation.isClosed) return;
    for (let i = 0; i < this.waiting.length && this.hasSlots;) {
      const delivery = this.waiting[i] as Delivery;
      if (!this.canStart(delivery)) {
        i++;
        continue;
      }
      this.line.remove(i);
      this.start(delivery);
    }
  }

  /** Starts nothing more; what runs goes on. */
  pause(): void {
    this.quiet = true;
  }

  /** Takes all entries that have not started off the queues. */
  clearWaiting(): void {
    this.line.clear();
    this.isolation.clearWaiting();
    this.tellIfIdle();
  }

  /** Resolves when no handler runs. */
  whenIdle(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  stop(): void {
    this.deadlines.clear();
    this.isolation.stop();
  }

  private get hasSlots(): boolean {
    return this.running < this.concurrency || this.nesting.room(this.running) > 0;
  }

  private canStart(delivery: Delivery): boolean {
    return !this.isolation.isClosed && this.hasRoom(delivery);
  }

  private hasRoom(delivery: Delivery): boolean {
    return (
      !this.quiet &&
      (this.running < this.concurrency || this.nesting.admits(delivery, this.running)) &&
      delivery.pattern.admits(delivery.depth) &&
      this.hooks.mayStart(delivery)
    );
  }

  private start(delivery: Delivery): void {
    if (delivery.ended) return;
    if (delivery.deadline !== Number.POSITIVE_INFINITY) {
      // A look at the clock takes 50 ns.
      const at = this.clock.now();
      const now = this.hooks.redisNow(at);
      if (now >= delivery.deadline) {
        delivery.unstarted('deadline');
        return;
      }
      // The time of an event is that in which it may start.
      if (delivery.isRequest) this.watch(delivery, now, at);
    }
    delivery.running = true;
    this.running++;
    this.progress++;
    this.nesting.started(delivery);
    delivery.pattern.running++;
    delivery.pattern.progress++;
    this.line.started(delivery);
    delivery.begin();
  }

  private watch(delivery: Delivery, redisNow: number, at: number): void {
    delivery.expiresAt = at + delivery.remaining(redisNow);
    this.deadlines.add(delivery);
  }

  private late(delivery: Delivery): void {
    if (delivery.ended) return;
    if (delivery.isAborted) {
      this.hooks.stuck(delivery);
      return;
    }
    delivery.abort('deadline');
    if (delivery.ended) return;
    delivery.expiresAt = this.clock.now() + GRACE;
    this.deadlines.add(delivery);
  }

  private forget(delivery: Delivery): void {
    this.line.remove(this.waiting.indexOf(delivery));
    this.isolation.forget(delivery);
  }

  private tellIfIdle(): void {
    if (this.running > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
