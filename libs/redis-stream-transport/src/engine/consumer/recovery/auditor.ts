import type { GroupBroker } from '../../../redis/group-broker.js';
import type { HeldEntry } from '../../../redis/entries.js';
import type { Reader } from '../intake/reader.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from '../intake/stream-state.js';

/** Most streams and most ids of one script call. */
const STREAMS_PER_CALL = 100;
const IDS_PER_CALL = 100;
/** Pending ids of a stream that one script lists: it blocks Redis for some milliseconds. */
const PAGE = 2000;
const FIRST = '-';

export interface AuditorHooks {
  found(stream: StreamState, entries: readonly HeldEntry[]): void;
  heal(): Promise<void>;
  /** Ends the blocking read that is in flight. */
  unblock(): void;
}

/** What is audited. */
export interface Audited {
  readonly reader: Reader;
  readonly streams: readonly StreamState[];
  /** Most pending entries of a stream that one audit looks at. */
  readonly limit: number;
}

/**
 * Finds entries that Redis lists as pending under this consumer and that are not in memory: the answer of a read or
 * a claim was lost. The lease covers them, so no other instance would find them (rule L10).
 */
export class Auditor {
  private running: Promise<void> | undefined;
  private again = false;
  /** Generation at the last complete audit. */
  private generation = -1;
  /** Where the next part of a stream begins, for streams of several parts. */
  private readonly next = new Map<StreamState, string>();

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly of: Audited,
    private readonly hooks: AuditorHooks,
  ) {}

  /** Looks at all that is pending. Never rejects: the next audit looks at what this one could not. */
  audit(): Promise<void> {
    if (this.running !== undefined) {
      this.again = true;
      return this.running;
    }
    return this.begin(true);
  }

  /**
   * Looks at the next part of what is pending, or at all of it in a new generation. Called with every renewal.
   * Answers are lost with connections, so the parts are only a safeguard: a process that holds many thousands of
   * entries must not make Redis list all of them every few seconds.
   */
  auditNext(): Promise<void> {
    if (this.generation !== this.context.identity.generation) return this.audit();
    return this.running ?? this.begin(false);
  }

  private begin(all: boolean): Promise<void> {
    this.running = this.run(all).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async run(everything: boolean): Promise<void> {
    let all = everything;
    do {
      all ||= this.again;
      this.again = false;
      for (const stream of this.of.streams) stream.settledMeanwhile = new Set();
      const { generation } = this.context.identity;
      try {
        await this.look(all);
        if (all) this.generation = generation;
      } catch {
        // The next renewal looks again.
      } finally {
        for (const stream of this.of.streams) stream.settledMeanwhile = undefined;
      }
    } while (this.again);
  }

  private async look(all: boolean): Promise<void> {
    const { owner } = this.context.identity;
    if (all) this.next.clear();
    const missing: { stream: StreamState; ids: string[] }[] = [];
    const most = Math.min(this.of.limit, PAGE);
    const streams = this.of.streams.filter(({ isOut }) => !isOut);
    let healed = false;
    for (let from = 0; from < streams.length; from += STREAMS_PER_CALL) {
      let page = streams.slice(from, from + STREAMS_PER_CALL);
      for (let seen = 0; page.length > 0 && seen < this.of.limit; seen += most) {
        const wanted = page.map((stream) => ({
          stream: stream.name,
          from: this.next.get(stream) ?? FIRST,
        }));
        const pending = await this.broker.snapshot(owner.consumer, wanted, most);
        for (const [i, stream] of page.entries()) {
          const ids = pending[i];
          if (ids === undefined || ids.length < most) this.next.delete(stream);
          else this.next.set(stream, `(${ids.at(-1)}`);
          if (ids === undefined) {
            if (!healed) await this.hooks.heal();
            healed = true;
            continue;
          }
          const unknown = ids.filter((id) => !stream.held.has(id));
          if (unknown.length > 0) missing.push({ stream, ids: unknown });
        }
        page = all ? page.filter((stream) => this.next.has(stream)) : [];
      }
    }
    if (missing.length === 0) return;
    // The read in flight may bring them: without waiting for it they would run twice.
    this.hooks.unblock();
    await this.of.reader.settled();
    for (const { stream, ids } of missing) {
      const gone = ids.filter(
        (id) => !stream.held.has(id) && stream.settledMeanwhile?.has(id) !== true,
      );
      for (let from = 0; from < gone.length; from += IDS_PER_CALL) {
        if (owner !== this.context.identity.owner) return;
        const page = gone.slice(from, from + IDS_PER_CALL);
        const answer = await this.broker.fetch(owner, stream.name, page);
        if (owner !== this.context.identity.owner) return;
        if (answer === 'missing' || answer === 'fenced') {
          this.context.identity.doubt(answer);
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
