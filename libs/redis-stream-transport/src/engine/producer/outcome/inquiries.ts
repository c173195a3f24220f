import type { Clock } from '../../clock.js';
import type { IdTable } from '../../id-table.js';
import type { Call } from '../call.js';
import type { CallerShard } from '../caller-shard.js';

/** Milliseconds between two looks for calls that have waited for long. */
const ASK_EVERY = 1000;

/**
 * Says when Redis is asked about calls: about those that have waited for long, and about all when a reply may have been
 * missed.
 */
export class Inquiries {
  private cancel: (() => void) | undefined;
  /** Shards whose calls are asked about as soon as that is allowed, and what cancels it. */
  private readonly doubted = new Map<CallerShard, () => void>();

  constructor(
    private readonly clock: Clock,
    private readonly calls: IdTable<Call>,
    private readonly shards: () => readonly CallerShard[],
    private readonly shardFor: (stream: string) => CallerShard,
  ) {}

  /** Looks within a second, and every second as long as calls are open. */
  later(): void {
    if (this.cancel !== undefined) return;
    this.cancel = this.clock.after(ASK_EVERY, () => {
      this.cancel = undefined;
      if (this.calls.size === 0) return;
      for (const shard of this.shards()) this.ask(shard);
      this.later();
    });
  }

  /**
   * Something that may have answered a call came in this shard and could not be read. Redis is asked as soon as that is
   * allowed: the next regular look may come just before, and the one after it a second too late.
   */
  doubt(shard: CallerShard): void {
    const wait = shard.probe.doubt();
    if (wait === 0) {
      this.ask(shard);
    } else if (!this.doubted.has(shard)) {
      const ask = (): void => {
        this.doubted.delete(shard);
        this.ask(shard);
      };
      this.doubted.set(shard, this.clock.after(wait, ask));
    }
  }

  stop(): void {
    this.cancel?.();
    for (const cancel of this.doubted.values()) cancel();
  }

  private ask(shard: CallerShard): void {
    const calls = this.calls.values().filter(({ stream }) => this.shardFor(stream) === shard);
    void shard.probe.ask(calls);
  }
}
