import { MAX_CALL_DEPTH } from '../../../protocol/limits.js';
import type { Delivery } from './delivery.js';

/**
 * Room for nested calls (made inside handlers), beyond `concurrency`. A handler that waits for a call does nothing
 * meanwhile, so it lends its slot. It lends to nested calls only: a call from outside would lend the slot in turn,
 * without end. Each depth has room for `concurrency` calls, whatever other depths hold. So the deepest calls, for
 * which the others wait, always find room.
 */
export class Nesting {
  /** Handlers that run and wait for calls of their own. */
  private lent = 0;
  private readonly runningAt = Array.from({ length: MAX_CALL_DEPTH + 1 }, () => 0);

  constructor(private readonly concurrency: number) {}

  /** Handlers that wait; if all do, nothing moves before a call ends. */
  get waiting(): number {
    return this.lent;
  }

  /** Slots that are lent and not taken yet. */
  room(running: number): number {
    return this.lent === 0 ? 0 : Math.max(0, this.concurrency - running + this.lent);
  }

  /** Whether the delivery may start although `concurrency` handlers run. */
  admits({ depth }: Delivery, running: number): boolean {
    return (
      depth > 0 && this.room(running) > 0 && (this.runningAt[depth] as number) < this.concurrency
    );
  }

  started({ depth }: Delivery): void {
    if (depth > 0) this.runningAt[depth] = (this.runningAt[depth] as number) + 1;
  }

  /** Calls that the handler has left open no longer count. */
  ended(delivery: Delivery): void {
    const { depth, calls } = delivery;
    if (depth > 0) this.runningAt[depth] = (this.runningAt[depth] as number) - 1;
    if (calls > 0) this.lend(delivery, -1);
  }

  /** It waits for one call more (1), or for one less (-1). Returns whether it begins to lend its slot. */
  waits(delivery: Delivery, calls: 1 | -1): boolean {
    const before = delivery.calls;
    delivery.calls += calls;
    if (!delivery.running) return false;
    if (before > 0 && delivery.calls === 0) this.lend(delivery, -1);
    if (before > 0 || delivery.calls === 0) return false;
    this.lend(delivery, 1);
    return true;
  }

  /** Lends its place under its pattern's bound too: the call may be for the same pattern. */
  private lend({ depth, pattern }: Delivery, by: 1 | -1): void {
    this.lent += by;
    pattern.lends(depth, by);
  }
}
