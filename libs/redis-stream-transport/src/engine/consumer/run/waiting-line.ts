import type { Delivery } from './delivery.js';

/** Starts of what matters more, beside what waits of a class, after which one of that comes first: by its rank. */
const MOST_PASSED = [0, 4, 16];

/** How many wait in each class of importance, and how many of higher classes have started meanwhile. */
export class Waiting {
  size = 0;
  private readonly counts = [0, 0, 0];
  private passed = 0;

  /** @param by 1: one more waits; -1: one less does */
  changed(rank: number, by: 1 | -1): void {
    this.size += by;
    this.counts[rank] = (this.counts[rank] ?? 0) + by;
  }

  /** One of this class has started. */
  started(rank: number): void {
    this.passed = this.size > 0 && this.first > rank ? this.passed + 1 : 0;
  }

  /**
   * Where everything that waits matters less, one entry may be read although it cannot start yet: it starts before what
   * waits. This is so for classes below this number; 0: for none. What waits has its turn too.
   */
  get ahead(): number {
    if (this.size === 0) return 0;
    const { first } = this;
    return this.passed < (MOST_PASSED[first] ?? 0) ? first : 0;
  }

  private get first(): number {
    return this.counts.findIndex((count) => count > 0);
  }
}

/** Deliveries that wait for a slot: what matters more comes first, then what has waited for longer. */
export class WaitingLine {
  readonly all: Delivery[] = [];
  readonly waiting = new Waiting();

  /** How many wait for a slot of the process. */
  get unparked(): number {
    let parked = 0;
    for (const { pattern } of this.all) if (pattern.isFull) parked++;
    return this.all.length - parked;
  }

  add(delivery: Delivery): void {
    const { rank } = delivery.stream;
    let at = this.all.length;
    while (at > 0 && (this.all[at - 1] as Delivery).stream.rank > rank) at--;
    if (at === this.all.length) this.all.push(delivery);
    else this.all.splice(at, 0, delivery);
    this.noted(delivery, 1);
  }

  /** @param at -1: nothing is removed */
  remove(at: number): void {
    if (at === -1) return;
    for (const delivery of this.all.splice(at, 1)) this.noted(delivery, -1);
  }

  clear(): void {
    for (const delivery of this.all.splice(0)) this.noted(delivery, -1);
  }

  started({ stream: { rank }, pattern }: Delivery): void {
    if (this.all.length > 0) this.waiting.started(rank);
    if (pattern.line.size > 0) pattern.line.started(rank);
  }

  private noted({ stream: { rank }, pattern }: Delivery, by: 1 | -1): void {
    this.waiting.changed(rank, by);
    pattern.line.changed(rank, by);
  }
}
