import { timeOf } from '../../../protocol/entry.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { Ask } from './read-plan.js';
import type { StreamState } from './stream-state.js';
import type { ShardContext } from '../membership/shard-context.js';

/** How an instance reads in one shard: when its last read was over, and how old what that brought was. */
export class ReadPace {
  /** When the last read was over, on the clock. */
  endedAt: number;
  /** Age in milliseconds of the oldest entry that the last read has brought; 0: it brought none. */
  private oldest = 0;
  /** Streams that had as much as was asked for: when the oldest of that was added, by Redis' clock. */
  private readonly backlogs = new Map<StreamState, number>();

  constructor(private readonly context: Pick<ShardContext, 'clock' | 'redisClock'>) {
    this.endedAt = context.clock.now();
  }

  /**
   * A read is over. It says nothing of streams that it did not name.
   *
   * @param read what it has brought, the oldest first in each stream
   */
  ended(read: readonly StreamEntries[], ask: Ask, byKey: ReadonlyMap<string, StreamState>): void {
    const { clock, redisClock } = this.context;
    this.endedAt = clock.now();
    this.oldest = 0;
    if (this.backlogs.size > 0) for (const stream of ask.streams) this.backlogs.delete(stream);
    if (read.length === 0) return;
    const now = redisClock.now();
    for (const { stream: key, entries } of read) {
      const [first] = entries;
      if (first === undefined) continue;
      const at = timeOf(first.id);
      this.oldest = Math.max(this.oldest, now - at);
      const stream = byKey.get(key);
      if (stream !== undefined && entries.length >= ask.count) this.backlogs.set(stream, at);
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
    const left = this.oldest === 0 && !isFull ? 0 : this.oldest + this.since;
    if (this.backlogs.size === 0) return left;
    return Math.max(left, this.context.redisClock.now() - Math.min(...this.backlogs.values()));
  }
}
