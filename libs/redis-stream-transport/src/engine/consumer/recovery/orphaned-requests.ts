import type { StartBroker } from '../../../redis/start-broker.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from '../intake/stream-state.js';
import { together } from './together.js';

/** Fewest milliseconds between two looks; a request must be an orphan at two looks to be adopted. */
const APART = 30_000;
/** Entries of one page. */
const PAGE = 100;
/** Most pages per stream and look: the rest of a long stream can wait. */
const PAGES = 50;

/**
 * Finds requests that were handed out and are pending under no consumer, at two looks half a minute apart, and adopts
 * them (rule L20). Otherwise their callers would wait for the deadline.
 */
export class OrphanedRequests {
  private seen = new Map<string, number>();
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: StartBroker,
    private readonly streams: readonly StreamState[],
    private readonly adopted: () => void,
  ) {}

  /** Looks if it is time. Rejects when Redis does not answer. */
  async look(): Promise<void> {
    const now = this.context.clock.now();
    if (now - this.lookedAt < APART) return;
    this.lookedAt = now;
    const before = this.seen;
    this.seen = new Map();
    const streams = this.streams.filter(({ kind, isOut }) => kind === 'r' && !isOut);
    await together(streams, async (stream) => {
      const twice: string[] = [];
      for (const id of await this.orphansIn(stream)) {
        const key = `${stream.name} ${id}`;
        const first = before.get(key);
        if (first !== undefined && now - first >= APART) twice.push(id);
        else this.seen.set(key, first ?? now);
      }
      if (twice.length > 0) await this.adopt(stream, twice);
    });
  }

  private async orphansIn({ name, held }: StreamState): Promise<string[]> {
    const found: string[] = [];
    let from = '';
    for (let page = 0; page < PAGES; page++) {
      const answer = await this.broker.orphans(name, from, PAGE);
      found.push(...answer.ids.filter((id) => !held.has(id)));
      if (answer.next === '') break;
      from = answer.next;
    }
    return found;
  }

  private async adopt(stream: StreamState, ids: readonly string[]): Promise<void> {
    const { logger, identity } = this.context;
    logger.warn(
      'REQUESTS_ADOPTED',
      `${ids.length} requests of ${stream.name} belonged to nobody; adopted`,
    );
    const lost = await this.broker.adopt(identity.owner, stream.name, ids);
    if (lost === undefined) this.adopted();
    else identity.doubt(lost);
  }
}
