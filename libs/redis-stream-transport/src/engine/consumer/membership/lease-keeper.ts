import type { Connection } from '../../../redis/connect.js';
import type { Announcement, AnsweredPattern, LeaseBroker } from '../../../redis/lease-broker.js';
import type { LeaseCompanion } from './companion.js';
import type { ShardContext } from './shard-context.js';
import { Periodic } from '../../periodic.js';
import { thrownText } from '../../../thrown.js';

/** Milliseconds without a confirmed renewal after which a name is given up: its tombstone may have expired. */
const TOO_OLD = 3_600_000;

/** What is announced together with the lease. */
export interface LeaseNews {
  /** The patterns that are answered, as it is now. */
  readonly announcements: () => readonly Announcement[];
  /** The streams whose events are heard, as it is now. */
  readonly heard: () => readonly Announcement[];
  readonly companions: readonly LeaseCompanion[];
}

export interface LeaseKeeperHooks {
  /** The lease was confirmed. */
  renewed(): void;
  /** The lease was gone, and perhaps all that Redis knew. It is about to be taken again. */
  missing(): void;
  /** @param texts `["stream","entry"]` of entries whose caller no longer waits */
  cancellations(texts: readonly string[]): void;
  membersChanged(): void;
  /** @param revision of what is paused */
  paused(revision: string): Promise<void>;
}

/** Keeps the lease of this process in one shard: renews it every third of `leaseTtl`. */
export class LeaseKeeper {
  private readonly renewals: Periodic;
  private renewing: Promise<void> | undefined;
  /** The lease was asked for and not given back. */
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

  /** Takes the lease under the current name. Rejects when Redis fails. */
  async take(): Promise<void> {
    this.isKept = true;
    await this.renewOnce(true);
    if (this.isKept) this.renewals.start();
  }

  /**
   * Renews now, for instance because the members have changed. Never rejects.
   * @param by a connection that has just come up: there may be none for commands, and others must see that this instance
   * lives (rule L23). What else a renewal brings comes with the next one.
   */
  renew(by?: Connection): Promise<void> {
    if (!this.isKept) return Promise.resolve();
    if (by !== undefined) return this.renewOnce(false, by).catch((error) => this.failed(error));
    this.renewing ??= this.renewTruly().finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  /** Renews, and once more if a renewal is on its way: what has changed may be too late for that. */
  async renewAnew(): Promise<void> {
    await this.renewing;
    await this.renew();
  }

  /**
   * Announces to callers the patterns that this instance answers. Rejects when Redis fails.
   * @param check announce nothing, and return the conflict, if another live group answers one of them; it `yields` if it does so
   * by a wildcard, and was told to leave it
   */
  async announce(
    check: boolean,
  ): Promise<(AnsweredPattern & { readonly yields: boolean }) | undefined> {
    const { identity, options } = this.context;
    const { leaseTtl } = options;
    const announcements = this.news.announcements();
    if (announcements.length > 0) {
      const { owner } = identity;
      const answer = await this.broker.announce(owner, announcements, leaseTtl, check);
      if (answer.kind === 'conflict') return { ...answer, yields: false };
      if (answer.kind === 'ok' && answer.yields !== undefined)
        return { ...answer.yields, yields: true };
      const broken = answer.kind === 'ok' ? answer.broken : undefined;
      for (const pattern of broken ?? []) {
        const line = `${pattern} cannot be announced to callers: its "live" key holds something else`;
        this.context.logger.error(`PATTERN_UNANNOUNCED ${pattern}`, line);
      }
    }
    // Where it cannot be said, no packs of events come.
    const heard = this.news.heard();
    if (heard.length > 0) await this.broker.announce(identity.owner, heard, leaseTtl, false);
    await this.report();
    return undefined;
  }

  /** Lets the companions report. */
  async report(): Promise<void> {
    const { owner } = this.context.identity;
    await Promise.all(this.news.companions.map((one) => one.confirmed(owner)));
  }

  /** Gives the lease back and leaves a tombstone, so that other instances take over at once. */
  async release(): Promise<void> {
    this.stop();
    await this.renewing;
    const { identity } = this.context;
    identity.invalidate();
    const { owner } = identity;
    await Promise.all(this.news.companions.map((one) => one.leaving(owner)));
    await this.broker.release(owner, [...this.news.announcements(), ...this.news.heard()]);
  }

  stop(): void {
    this.isKept = false;
    this.renewals.stop();
  }

  /** Until what was noted with it about the connections is so. Never rejects. */
  private async renewTruly(): Promise<void> {
    try {
      let noted: string;
      do {
        noted = this.connectionIds;
        await this.renewOnce(false);
      } while (this.isKept && noted !== this.connectionIds);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    this.context.logger.warn(
      'LEASE_RENEWAL_FAILED',
      `renewing the lease failed: ${thrownText(error)}`,
    );
  }

  private get connectionIds(): string {
    return this.context.connections.ids.join(' ');
  }

  private async renewOnce(take: boolean, by?: Connection): Promise<void> {
    const { identity, options } = this.context;
    const { leaseTtl, reconnectGrace: grace } = options;
    const connections = grace > 0 ? { grace, ids: this.context.connections.ids } : undefined;
    const { owner } = identity;
    const sentAt = this.context.clock.now();
    if (!take && identity.unconfirmed > TOO_OLD) {
      identity.doubt('fenced');
      return;
    }
    const answer = await this.broker.renew(owner, { ttl: leaseTtl, take, connections }, by);
    this.context.redisClock.observe(answer.now, sentAt);
    if (owner !== identity.owner) return;
    switch (answer.kind) {
      case 'fenced':
        identity.doubt('fenced');
        return;
      case 'missing':
        if (by !== undefined) return;
        // From now on all that is held is settled entry by entry.
        identity.nextGeneration();
        this.hooks.missing();
        await this.renewOnce(true);
        // Redis may have lost the announcements too: callers need them to see that the patterns are answered.
        await this.announce(false);
        return;
      case 'ok':
        identity.confirm(sentAt);
        if (answer.notices.length > 0) this.hooks.cancellations(answer.notices);
        if (by !== undefined) return;
        if (answer.members < 0) {
          const line = 'nobody sees who is in the group: its "members" key holds something else';
          this.context.logger.error('MEMBERS_UNREADABLE', line);
        } else if (answer.members !== this.context.members) {
          this.context.members = answer.members;
          this.hooks.membersChanged();
        }
        await this.hooks.paused(answer.paused);
        if (!take) await this.announce(false);
        this.hooks.renewed();
    }
  }
}
