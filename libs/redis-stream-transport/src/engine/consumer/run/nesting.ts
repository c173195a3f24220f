import { MAX_CALL_DEPTH } from '../../../protocol/limits.js';
import type { Delivery } from './delivery.js';

/**
 * Room for calls that were made inside handlers, beyond `concurrency`. A handler that waits for a call does
 * nothing meanwhile, so it lends its slot, but only to calls that were made inside handlers: what begins a
 * chain would lend its slot in turn, without end. Each depth has room for `concurrency` calls, whatever the others
 * hold: however many wait, the deepest of them find room, and it is they that the others wait for.
 */
export class Nesting {
  /** Handlers that run and wait for calls of their own. */
  private lent = 0;
  private readonly runningAt = Array.from({ length: MAX_CALL_DEPTH + 1 }, () => 0);

  constructor(private readonly concurrency: number) {}

  /** Handlers that wait; with all of them at it nothing moves before a call has ended. */
  get waiting(): number {
    return this.lent;
  }

  /** Slots that are lent and not taken yet. */
  room(running: number): number {
    return this.lent === 0 ? 0 : Math.max(0, this.concurrency - running + this.lent);
  }

  /** Whether it may start although as many run as `concurrency` permits. */
  admits({ depth }: Delivery, running: number): boolean {
    return (
      depth > 0 && this.room(running) > 0 && (this.runningAt[depth] as number) < this.concurrency
    );
  }

  started({ depth }: Delivery): void {
    if (depth > 0) this.runningAt[depth] = (this.runningAt[depth] as number) + 1;
  }

  /** Calls that it has left open no longer count: nobody waits for them. */
  ended(delivery: Delivery): void {
    const { depth, calls } = delivery;
    if (depth > 0) this.runningAt[depth] = (this.runningAt[depth] as number) - 1;
    if (calls > 0) this.lend(delivery, -1);
  }

  /** It waits for one call more, or for one less. Returns whether it lends its slot from now on. */
  waits(delivery: Delivery, calls: 1 | -1): boolean {
    const before = delivery.calls;
    delivery.calls += calls;
    if (!delivery.running) return false;
    if (before > 0 && delivery.calls === 0) this.lend(delivery, -1);
    if (before > 0 || delivery.calls === 0) return false;
    this.lend(delivery, 1);
    return true;
  }

  /** Its place under the bound of its pattern too: it is what other handlers of the pattern may wait for. */
  private lend({ depth, pattern }: Delivery, by: 1 | -1): void {
    this.lent += by;
    pattern.lends(depth, by);
  }
}
