import { timeOf } from '../../../protocol/entry.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { ShardContext } from '../membership/shard-context.js';

/** How an instance reads in one shard: when its last read was over, and how old what that brought was. */
export class ReadPace {
  /** When the last read was over, on the clock. */
  endedAt: number;
  /** Age in milliseconds of the oldest entry that the last read has brought; 0: it brought none. */
  private oldest = 0;

  constructor(private readonly context: Pick<ShardContext, 'clock' | 'redisClock'>) {
    this.endedAt = context.clock.now();
  }

  /** A read is over. @param read what it has brought, the oldest first in each stream */
  ended(read: readonly StreamEntries[]): void {
    const { clock, redisClock } = this.context;
    this.endedAt = clock.now();
    this.oldest = 0;
    if (read.length === 0) return;
    const now = redisClock.now();
    for (const { entries } of read) {
      const [first] = entries;
      if (first !== undefined) this.oldest = Math.max(this.oldest, now - timeOf(first.id));
    }
  }

  /** Milliseconds since the last read was over. */
  get since(): number {
    return this.context.clock.now() - this.endedAt;
  }

  /**
   * Milliseconds that the oldest entry that was not read may have waited, at most. A read that brought nothing has seen
   * that there is none; what came since then is as old as that at most, and is read at once where a slot is free.
   */
  behind(isFull: boolean): number {
    if (isFull) return this.oldest + this.since;
    return this.oldest === 0 ? 0 : this.oldest + this.since;
  }
}
