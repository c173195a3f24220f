import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { Owner } from '../../../redis/owner.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { WildPatterns, WildRoom } from './wild-patterns.js';

export interface WildAnnouncementsParts {
  readonly context: ShardContext;
  readonly leases: LeaseBroker;
  readonly wild: WildPatterns;
  readonly room: WildRoom;
}

/**
 * Announces the wildcards of an instance in one shard. While there is no room for a further stream they are announced as not
 * answered: calls of further patterns are refused then, since nobody would read them.
 */
export class WildAnnouncements {
  /** There was no room when they were announced. */
  private wasFull = false;
  /** When Redis heard of the wildcards first (its clock, ms). */
  private since: number | undefined;

  constructor(private readonly parts: WildAnnouncementsParts) {}

  /** There is room now and was none, or the other way round. */
  get isStale(): boolean {
    return this.wasFull !== this.parts.room.isFull;
  }

  /**
   * Rejects when Redis fails.
   * @returns `anew`: Redis has lost its memory since they were announced; undefined: the lease does not hold
   */
  async announce(owner: Owner): Promise<'ok' | 'anew' | undefined> {
    const { context, leases, wild, room } = this.parts;
    const { leaseTtl: ttl, groupTtl } = context.options;
    const { since } = this;
    const isFull = (this.wasFull = room.isFull);
    const wildcards = wild.wildcards.map(({ text, answers }) => {
      return { text, answers: answers && !isFull };
    });
    const answer = await leases.announceWildcards(owner, wildcards, { ttl, groupTtl, came: since });
    if (answer.kind !== 'ok') {
      if (owner === context.identity.owner) context.identity.doubt(answer.kind);
      return undefined;
    }
    this.since ??= answer.now;
    return answer.isNew && since !== undefined ? 'anew' : 'ok';
  }

  /** Rejects when Redis fails. */
  withdraw(owner: Owner): Promise<void> {
    const { context, leases, wild } = this.parts;
    return leases.withdrawWildcards(owner, wild.wildcards, context.options.groupTtl);
  }
}
