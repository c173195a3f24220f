import type { Announcement, LeaseBroker } from '../../../redis/lease-broker.js';
import type { LeaseCompanion } from './companion.js';
import type { ShardContext } from './shard-context.js';
import { Periodic } from '../../periodic.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds unconfirmed after which a name is given up: its tombstone may have expired. */
const TOO_OLD = 3_600_000;

/** What Redis is told together with the lease. */
export interface LeaseNews {
  readonly announcements: readonly Announcement[];
  readonly companions: readonly LeaseCompanion[];
}

export interface LeaseKeeperHooks {
  /** The lease is confirmed. */
  renewed(): void;
  /** `[stream, entry]` texts of entries that nobody waits for. */
  cancellations(texts: readonly string[]): void;
  membersChanged(): void;
}

/** Keeps the lease of this process in one shard: renews it every third of its life. */
export class LeaseKeeper {
  private readonly renewals: Periodic;
  private renewing: Promise<void> | undefined;
  /** It was asked for, and not given back. */
  private isKept = false;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: LeaseBroker,
    private readonly news: LeaseNews,
    private readonly hooks: LeaseKeeperHooks,
  ) {
    this.renewals = new Periodic(context.clock, {
      wait: () => context.options.leaseTtl / 3,
      run: () => this.renew(),
    });
  }

  /** Takes the lease under the context's name. Rejects when Redis cannot be reached. */
  async take(): Promise<void> {
    this.isKept = true;
    await this.renewOnce(true);
    if (this.isKept) this.renewals.start();
  }

  /** Renews now, for instance because the members have changed. Never rejects. */
  renew(): Promise<void> {
    if (!this.isKept) return Promise.resolve();
    this.renewing ??= this.renewOnce(false)
      .catch((error: unknown) =>
        this.context.logger.warn('lease', `renewing the lease failed: ${thrownText(error)}`),
      )
      .finally(() => {
        this.renewing = undefined;
      });
    return this.renewing;
  }

  /** Announces the patterns. With `check`, and where another live group answers one, returns that and announces nothing. */
  async announce(check: boolean): Promise<{ pattern: string; group: string } | undefined> {
    const { leaseTtl } = this.context.options;
    const { announcements } = this.news;
    if (announcements.length > 0) {
      const { owner } = this.context.identity;
      const answer = await this.broker.announce(owner, announcements, leaseTtl, check);
      if (answer.kind === 'conflict') return answer;
      const broken = answer.kind === 'ok' ? answer.broken : undefined;
      for (const pattern of broken ?? []) {
        const line = `${pattern} cannot be announced to callers: its "live" key holds something else`;
        this.context.logger.error(`live ${pattern}`, line);
      }
    }
    await this.report();
    return undefined;
  }

  /** Lets the companions tell what is so now. */
  async report(): Promise<void> {
    const { owner } = this.context.identity;
    await Promise.all(this.news.companions.map((one) => one.confirmed(owner)));
  }

  /** Leaves a tombstone, so that others take over at once. */
  async release(): Promise<void> {
    this.stop();
    await this.renewing;
    const { identity } = this.context;
    identity.invalidate();
    const { owner } = identity;
    await Promise.all(this.news.companions.map((one) => one.leaving(owner)));
    await this.broker.release(owner, this.news.announcements);
  }

  stop(): void {
    this.isKept = false;
    this.renewals.stop();
  }

  private async renewOnce(take: boolean): Promise<void> {
    const { identity } = this.context;
    const { owner } = identity;
    const sentAt = this.context.clock.now();
    if (!take && identity.unconfirmed > TOO_OLD) {
      identity.doubt('fenced');
      return;
    }
    const answer = await this.broker.renew(owner, this.context.options.leaseTtl, take);
    this.context.redisClock.observe(answer.now, sentAt);
    if (owner !== identity.owner) return;
    switch (answer.kind) {
      case 'fenced':
        identity.doubt('fenced');
        return;
      case 'missing':
        // What is held is checked entry by entry from now on.
        identity.nextGeneration();
        await this.renewOnce(true);
        // Redis may have lost more than the lease: callers must be able to see who answers what.
        await this.announce(false);
        return;
      case 'ok':
        identity.confirm(sentAt);
        if (answer.members < 0) {
          const line = 'nobody sees who is in the group: its "members" key holds something else';
          this.context.logger.error('members', line);
        } else if (answer.members !== this.context.members) {
          this.context.members = answer.members;
          this.hooks.membersChanged();
        }
        if (answer.notices.length > 0) this.hooks.cancellations(answer.notices);
        if (!take) await this.announce(false);
        this.hooks.renewed();
    }
  }
}
