import type { GroupBroker } from '../../redis/group-broker.js';
import type { HeldEntry } from '../../redis/entries.js';
import type { Reader } from './reader.js';
import type { ShardContext } from './shard-context.js';
import type { StreamState } from './stream-state.js';

/** Streams and ids that one script call looks at. */
const STREAMS_PER_CALL = 100;
const IDS_PER_CALL = 100;

export interface AuditorHooks {
  found(stream: StreamState, entries: readonly HeldEntry[]): void;
  heal(): Promise<void>;
  /** End the blocking read that is in flight. */
  unblock(): void;
  fenced(): void;
}

/**
 * Finds entries that Redis lists as mine and that are not in memory: a read or a claim whose answer was
 * lost. My lease covers them, so nobody else ever would (rule L10).
 */
export class Auditor {
  private running: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly reader: Reader,
    private readonly streams: readonly StreamState[],
    private readonly limit: number,
    private readonly hooks: AuditorHooks,
  ) {}

  /** Never rejects: what could not be looked at is looked at next time. */
  audit(): Promise<void> {
    if (this.running !== undefined) {
      this.again = true;
      return this.running;
    }
    this.running = this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      for (const stream of this.streams) stream.settledMeanwhile = new Set();
      try {
        await this.look();
      } catch {
        // The next renewal looks again.
      } finally {
        for (const stream of this.streams) stream.settledMeanwhile = undefined;
      }
    } while (this.again);
  }

  private async look(): Promise<void> {
    const { owner } = this.context;
    const missing: { stream: StreamState; ids: string[] }[] = [];
    for (let from = 0; from < this.streams.length; from += STREAMS_PER_CALL) {
      const page = this.streams.slice(from, from + STREAMS_PER_CALL);
      const names = page.map(({ name }) => name);
      const pending = await this.broker.snapshot(owner.consumer, names, this.limit);
      for (const [i, stream] of page.entries()) {
        const ids = pending[i];
        if (ids === undefined) {
          await this.hooks.heal();
          continue;
        }
        const unknown = ids.filter((id) => !stream.held.has(id));
        if (unknown.length > 0) missing.push({ stream, ids: unknown });
      }
    }
    if (missing.length === 0) return;
    // They may be on the wire: an audit that races a read would run them twice.
    this.hooks.unblock();
    await this.reader.settled();
    for (const { stream, ids } of missing) {
      const gone = ids.filter(
        (id) => !stream.held.has(id) && stream.settledMeanwhile?.has(id) !== true,
      );
      for (let from = 0; from < gone.length; from += IDS_PER_CALL) {
        if (owner !== this.context.owner) return;
        const page = gone.slice(from, from + IDS_PER_CALL);
        const answer = await this.broker.fetch(owner, stream.name, page);
        if (owner !== this.context.owner) return;
        if (answer === 'fenced') {
          this.hooks.fenced();
          return;
        }
        this.hooks.found(
          stream,
          answer.filter(
            ({ raw }) => !stream.held.has(raw.id) && stream.settledMeanwhile?.has(raw.id) !== true,
          ),
        );
      }
    }
  }
}
