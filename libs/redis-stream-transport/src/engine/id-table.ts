/** Something that an `IdTable` keeps. It is its own place in the table. */
export interface Identified {
  readonly id: string;
  /** `hashOf(id)`, computed once. */
  readonly hash: number;
  /** The next one of the same slot; the table's alone. */
  sameSlot: this | undefined;
}

const FIRST_SLOTS = 64;
/** Ids that follow each other differ in their last characters. */
const TAIL = 6;
const ZERO = 48;

/** Of ids that end in digits: their last six, as a number. */
export function hashOf(id: string): number {
  let hash = 0;
  for (let i = Math.max(0, id.length - TAIL); i < id.length; i++) {
    hash = hash * 10 + id.charCodeAt(i) - ZERO;
  }
  return hash;
}

/**
 * Keeps what is in flight by its id, for tables that take in and let go thousands of things a second. A
 * `Map` would do, were it not for the garbage collector: when a `Map` has let go of enough it moves to a
 * new table, and V8 lets the old table point to the new one. One old table that outlived two small
 * collections then keeps alive all that follow, with whatever they held at their time, until the next
 * large collection: a quarter of all that calls allocated was copied twice because of it. Here a slot
 * that was let go points to nothing.
 *
 * It grows with what it keeps at once and never shrinks: eight bytes for each.
 */
export class IdTable<T extends Identified> {
  private slots = empty<T>(FIRST_SLOTS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(id: string, hash = hashOf(id)): T | undefined {
    let item = this.slots[this.slotOf(hash)];
    while (item !== undefined && item.id !== id) item = item.sameSlot;
    return item;
  }

  has(id: string, hash = hashOf(id)): boolean {
    return this.get(id, hash) !== undefined;
  }

  /** Takes the place of what was kept under its id. */
  set(item: T): void {
    const before = this.get(item.id, item.hash);
    if (before !== undefined) this.delete(before);
    if (this.count === this.slots.length) this.grow();
    this.link(item);
    this.count++;
  }

  /** Lets go of this very item; false if it is not kept, or another one under its id. */
  delete(item: T): boolean {
    const slot = this.slotOf(item.hash);
    let before: T | undefined;
    let each = this.slots[slot];
    while (each !== undefined && each !== item) {
      before = each;
      each = each.sameSlot;
    }
    if (each === undefined) return false;
    if (before === undefined) this.slots[slot] = item.sameSlot;
    else before.sameSlot = item.sameSlot;
    item.sameSlot = undefined;
    this.count--;
    return true;
  }

  /** In no particular order. */
  values(): T[] {
    const all: T[] = [];
    for (const first of this.slots) {
      for (let item = first; item !== undefined; item = item.sameSlot) all.push(item);
    }
    return all;
  }

  clear(): void {
    for (const item of this.values()) item.sameSlot = undefined;
    this.slots.fill(undefined);
    this.count = 0;
  }

  private link(item: T): void {
    const slot = this.slotOf(item.hash);
    item.sameSlot = this.slots[slot];
    this.slots[slot] = item;
  }

  private grow(): void {
    const items = this.values();
    this.slots = empty<T>(this.slots.length * 2);
    for (const item of items) this.link(item);
  }

  private slotOf(hash: number): number {
    return hash & (this.slots.length - 1);
  }
}

function empty<T>(length: number): (T | undefined)[] {
  return Array.from({ length }, () => undefined);
}
