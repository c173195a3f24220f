import { hostname } from 'node:os';
import { LIBRARY_VERSION, PROTOCOL_VERSION } from '../../../protocol/version.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { Owner } from '../../../redis/owner.js';
import { thrownText } from '../../../thrown.js';
import type { LeaseCompanion } from './companion.js';
import type { ShardContext } from './shard-context.js';

/** Milliseconds after which an instance says it again: the key in Redis lives for a day. */
const AGAIN = 3_600_000;
/** Characters of a host's name: the whole text has less than a kibibyte. */
const LONGEST_HOST = 253;

/** Says in Redis what an operator asks about an instance: versions, host, start, settings. With the lease, and hourly. */
export class InstanceFacts implements LeaseCompanion {
  private said: Owner | undefined;
  private saidText = '';
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly context: ShardContext,
    private readonly leases: LeaseBroker,
  ) {}

  async confirmed(owner: Owner): Promise<void> {
    const text = this.text();
    const now = this.context.clock.now();
    const isNew = owner !== this.said || text !== this.saidText;
    if (!isNew && now - this.saidAt < AGAIN) return;
    try {
      if ((await this.leases.noteFacts(owner, text)) !== 'ok') return;
      this.said = owner;
      this.saidText = text;
      this.saidAt = now;
    } catch (error) {
      // Nothing depends on it. It is tried again with the next renewal.
      this.context.logger.warn(
        'FACTS_UNTOLD',
        `cannot say in Redis what this instance is: ${thrownText(error)}`,
      );
    }
  }

  /** The script that gives the lease back removes it. */
  async leaving(): Promise<void> {}

  private text(): string {
    const { concurrency, leaseTtl, maxDeliveries, drainTimeout } = this.context.options;
    return JSON.stringify({
      ...{ library: LIBRARY_VERSION, protocol: PROTOCOL_VERSION, node: process.versions.node },
      ...{ host: hostname().slice(0, LONGEST_HOST), pid: process.pid },
      started: Math.round(performance.timeOrigin),
      ...{ concurrency, leaseTtl, maxDeliveries, drainTimeout },
      paused: this.context.pauses,
    });
  }
}
