import type { Delivery } from './delivery.js';
import { Waiting } from './waiting.js';

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
