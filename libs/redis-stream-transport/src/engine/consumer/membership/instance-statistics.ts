import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { thrownText } from '../../../thrown.js';
import type { Patterns } from '../intake/patterns.js';
import type { ShardContext } from './shard-context.js';

/** Milliseconds between two answers, whoever asks. */
const PAUSE = 500;
/** Characters of an answer: about a thousand patterns. Of more, those that were called least are left out. */
const LONGEST = 262_144;

/** What the instance does at this moment. */
export interface Work {
  /** Handlers that run. */
  readonly inFlight: number;
  /** Entries that were read and have not started. */
  readonly unstarted: number;
}

/** Says in Redis what this instance has done since its server was made, when somebody asks. */
export class InstanceStatistics {
  private toldAt = Number.NEGATIVE_INFINITY;
  private readonly madeAt: number;

  constructor(
    private readonly context: ShardContext,
    private readonly leases: LeaseBroker,
    private readonly patterns: Patterns,
    private readonly work: Work,
  ) {
    this.madeAt = context.clock.now();
  }

  /** Never rejects. */
  async tell(): Promise<void> {
    const { clock, identity, logger } = this.context;
    const now = clock.now();
    if (now - this.toldAt < PAUSE) return;
    this.toldAt = now;
    try {
      await this.leases.noteStatistics(identity.owner, this.text(now));
    } catch (error) {
      const line = `cannot say in Redis what this instance has done: ${thrownText(error)}`;
      logger.warn('STATISTICS_UNTOLD', line);
    }
  }

  private text(now: number): string {
    const used = this.patterns.all
      .filter(({ tally, running, waiting }) => tally.total + running + waiting > 0)
      .toSorted((one, other) => other.tally.total - one.tally.total);
    const texts: string[] = [];
    let length = 0;
    for (const { spec, running, waiting, tally } of used) {
      const row = [spec.pattern, running, waiting, ...tally.counts, tally.buckets, ...tally.wanted];
      const text = JSON.stringify(row);
      length += text.length + 1;
      if (length > LONGEST) break;
      texts.push(text);
    }
    const at = Math.round(this.context.redisClock.now());
    const { inFlight, unstarted } = this.work;
    const up = Math.round(now - this.madeAt);
    const more = used.length - texts.length;
    const head = JSON.stringify({ at, up, running: inFlight, waiting: unstarted, more });
    return `${head.slice(0, -1)},"patterns":[${texts.join(',')}]}`;
  }
}
