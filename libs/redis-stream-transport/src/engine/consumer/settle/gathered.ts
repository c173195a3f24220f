import { SettlementBuilder, type Finished } from './settlement-builder.js';

/** What is finished and waits to be settled, in parts that fit into a script each, the oldest first. */
export class Gathered {
  /** Replies and ends that wait. */
  count = 0;
  private readonly full: SettlementBuilder[] = [];
  private last: SettlementBuilder | undefined;

  /** Characters of the part that is being filled. */
  get length(): number {
    return this.last?.length ?? 0;
  }

  /** A part is full: nothing more is added to it. */
  get isFull(): boolean {
    return this.full.length > 0;
  }

  /** @param ttlMs life of the log that it goes to */
  add(finished: Finished, ttlMs: number, generation: number): void {
    this.count++;
    if (this.last?.wouldOverflow(finished) === true) {
      this.full.push(this.last);
      this.last = undefined;
    }
    this.last ??= new SettlementBuilder(generation);
    this.last.add(finished, ttlMs);
  }

  /** The part that has waited longest. */
  take(): SettlementBuilder | undefined {
    const part = this.full.shift() ?? this.last;
    if (part === undefined) return undefined;
    if (part === this.last) this.last = undefined;
    this.count -= part.finished.length;
    return part;
  }

  *takeAll(): Iterable<SettlementBuilder> {
    for (let part = this.take(); part !== undefined; part = this.take()) yield part;
  }
}
