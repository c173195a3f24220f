import type { Clock } from './clock.js';

/** What waits in the queue carries its own links: adding and removing allocate nothing. */
export interface Expiring {
  /** Monotonic milliseconds; set by the owner before `add`. */
  expiresAt: number;
  /** Owned by the queue. */
  slot: number;
  before: Expiring | undefined;
  behind: Expiring | undefined;
}

/** Milliseconds per slot: how late an expiry may be noticed. */
const TICK = 32;

/**
 * Every deadline of a process with one timer: a hash of time slots, each an intrusive list. A timer per
 * call would cost more than the rest of the call. (Hashed timing wheel, Varghese & Lauck 1987, with a
 * map instead of an array, because deadlines reach from milliseconds to days.)
 */
export class DeadlineQueue<T extends Expiring> {
  private readonly slots = new Map<number, T>();
  private size = 0;
  private nextSlot = 0;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly expired: (item: T) => void,
  ) {}

  get length(): number {
    return this.size;
  }

  add(item: T): void {
    const slot = Math.max(Math.ceil(item.expiresAt / TICK), this.currentSlot() + 1);
    const head = this.slots.get(slot);
    item.slot = slot;
    item.before = undefined;
    item.behind = head;
    if (head !== undefined) head.before = item;
    this.slots.set(slot, item);
    if (this.size++ === 0) {
      this.nextSlot = this.currentSlot();
      this.arm();
    }
  }

  remove(item: T): void {
    if (item.slot === 0) return;
    const { before, behind, slot } = item;
    if (before !== undefined) before.behind = behind;
    else if (behind !== undefined) this.slots.set(slot, behind as T);
    else this.slots.delete(slot);
    if (behind !== undefined) behind.before = before;
    item.slot = 0;
    item.before = undefined;
    item.behind = undefined;
    // The timer is left to run out once more: stopping and arming it around every lone call costs more.
    this.size--;
  }

  clear(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (const head of this.slots.values()) {
      for (let item: Expiring | undefined = head; item !== undefined;) {
        const behind: Expiring | undefined = item.behind;
        item.slot = 0;
        item.before = undefined;
        item.behind = undefined;
        item = behind;
      }
    }
    this.slots.clear();
    this.size = 0;
  }

  private currentSlot(): number {
    return Math.floor(this.clock.now() / TICK);
  }

  private arm(): void {
    if (this.cancelTimer !== undefined) return;
    this.cancelTimer = this.clock.after(TICK, () => {
      this.cancelTimer = undefined;
      this.sweep();
      if (this.size > 0) this.arm();
    });
  }

  private sweep(): void {
    const now = this.currentSlot();
    // After a long stall it is cheaper to look at the slots that exist than at all that passed.
    if (now - this.nextSlot > this.slots.size) {
      for (const slot of [...this.slots.keys()].sort((a, b) => a - b)) {
        if (slot <= now) this.expire(slot);
      }
    } else {
      for (let slot = this.nextSlot; slot <= now; slot++) this.expire(slot);
    }
    this.nextSlot = now + 1;
  }

  private expire(slot: number): void {
    for (let item = this.slots.get(slot); item !== undefined; item = this.slots.get(slot)) {
      this.remove(item);
      this.expired(item);
    }
  }
}
