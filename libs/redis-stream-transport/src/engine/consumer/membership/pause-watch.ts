import type { LeaseBroker } from '../../../redis/lease-broker.js';
import { NO_PAUSES } from '../../../protocol/pause.js';
import { thrownText } from '../../../thrown.js';
import type { Pauses } from '../run/pauses.js';
import type { ShardContext } from './shard-context.js';

/** Names under which this instance was known before that are remembered. */
const FORMER_NAMES = 10;

/**
 * Applies what operators have paused, as far as one shard notes it. Each renewal of the lease says whether something has
 * changed; only then is it read.
 */
export class PauseWatch {
  private known = '';
  private hasLearned = false;
  private readonly names: string[] = [];

  constructor(
    private readonly context: ShardContext,
    private readonly leases: LeaseBroker,
    private readonly pauses: Pauses,
    private readonly shard: number,
  ) {
    context.identity.whenReplaced(() => this.remember());
    this.remember();
  }

  /**
   * Rejects when Redis does not answer the first time. Later what was known before holds on.
   * @param revision of what is paused; '': nothing is; '!': its key holds something else
   */
  async apply(revision: string): Promise<void> {
    if (revision === '!') {
      const line = 'nobody sees what is paused: its "paused" key holds something else';
      this.context.logger.error('PAUSES_UNREADABLE', line);
    } else if (revision !== this.known) {
      try {
        await this.learn(revision);
      } catch (error) {
        // Without it nothing may start. Later a lease is renewed all the same.
        if (!this.hasLearned) throw error;
        const line = `cannot read what is paused; what was paused before still is: ${thrownText(error)}`;
        this.context.logger.warn('PAUSES_UNREADABLE', line);
      }
    }
    this.hasLearned = true;
    this.pauses.sweep();
  }

  private async learn(revision: string): Promise<void> {
    const noted = revision === '' ? NO_PAUSES : await this.leases.readPauses();
    this.known = revision;
    this.context.pauses = revision;
    const own = this.names.map((name) => noted.instances.get(name)).find(Boolean);
    this.pauses.learned(this.shard, noted.patterns, own);
  }

  /** An operator means the process, whatever it is called meanwhile. */
  private remember(): void {
    this.names.unshift(this.context.identity.consumer);
    this.names.length = Math.min(this.names.length, FORMER_NAMES);
  }
}
