import type { Clock } from './clock.js';

/** An item of the queue. It carries its own links, so that adding and removing allocate nothing. */
export interface Expiring {
  /** Monotonic milliseconds; set by the owner before `add`. */
  expiresAt: number;
  /** Owned by the queue. */
  slot: number;
  previousItem: Expiring | undefined;
  nextItem: Expiring | undefined;
}

/** Milliseconds of one slot: an expiry may be noticed so much later. */
const TICK = 32;

/** The head of a list, so that taking an item out of it needs no search. */
class Slot implements Expiring {
  readonly expiresAt = 0;
  readonly previousItem = undefined;
  nextItem: Expiring | undefined;

  constructor(readonly slot: number) {}
}

/**
 * Holds every deadline of a process with one timer: a map of time slots, each an intrusive list. A timer per call
 * would cost more than the rest of the call. (Hashed timing wheel, Varghese & Lauck 1987, with a map instead of an
 * array, because deadlines reach from milliseconds to days.)
 */
export class DeadlineQueue<T extends Expiring> {
  private readonly slots = new Map<number, Slot>();
  /** The slot of the latest addition: calls that begin together mostly expire in the same slot. */
  private recent: Slot | undefined;
  private size = 0;
  /** The first slot that was not swept yet. */
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
    if (this.size++ === 0) {
      this.nextSlot = this.currentSlot() + 1;
      this.arm();
    }
    const head = this.slotAt(Math.max(Math.ceil(item.expiresAt / TICK), this.nextSlot));
    const first = head.nextItem;
    item.slot = head.slot;
    item.previousItem = head;
    item.nextItem = first;
    if (first !== undefined) first.previousItem = item;
    head.nextItem = item;
  }

  remove(item: T): void {
    if (item.slot === 0) return;
    const { previousItem, nextItem } = item;
    if (previousItem !== undefined) previousItem.nextItem = nextItem;
    if (nextItem !== undefined) nextItem.previousItem = previousItem;
    else if (previousItem instanceof Slot) this.drop(previousItem);
    item.slot = 0;
    item.previousItem = undefined;
    item.nextItem = undefined;
    // The timer runs on, once more at most: stopping and starting it around every lone call costs more.
    this.size--;
  }

  /** All items, in no particular order. */
  items(): T[] {
    const items: T[] = [];
    for (const { nextItem: first } of this.slots.values()) {
      for (let item = first; item !== undefined; item = item.nextItem) items.push(item as T);
    }
    return items;
  }

  clear(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    for (const item of this.items()) {
      item.slot = 0;
      item.previousItem = undefined;
      item.nextItem = undefined;
    }
    this.slots.clear();
    this.recent = undefined;
    this.size = 0;
  }

  private slotAt(number: number): Slot {
    if (this.recent?.slot === number) return this.recent;
    let slot = this.slots.get(number);
    if (slot === undefined) this.slots.set(number, (slot = new Slot(number)));
    this.recent = slot;
    return slot;
  }

  private drop(slot: Slot): void {
    this.slots.delete(slot.slot);
    if (this.recent === slot) this.recent = undefined;
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
    // After a long stall it is cheaper to look at the slots that exist than at all numbers in between.
    if (now - this.nextSlot > this.slots.size) {
      for (const slot of [...this.slots.keys()].sort((a, b) => a - b)) {
        if (slot <= now) this.expire(slot);
      }
    } else {
      for (let slot = this.nextSlot; slot <= now; slot++) this.expire(slot);
    }
    this.nextSlot = now + 1;
  }

  private expire(number: number): void {
    const slot = this.slots.get(number);
    if (slot === undefined) return;
    while (slot.nextItem !== undefined) {
      const item = slot.nextItem as T;
      this.remove(item);
      this.expired(item);
    }
  }
}
