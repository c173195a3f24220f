import type { Keys } from '../protocol/keys.js';
import { numberOf, textOr, textsOf, wordOf } from './answer.js';
import type { Owner } from './group-broker.js';
import type { Link } from './link.js';
import { run } from './script.js';
import { announceScript, leaseScript, releaseScript, revokeScript } from './scripts/lease.lua.js';
import { leasesScript } from './scripts/take-over.lua.js';

/** Milliseconds for which a tombstone stands: longer than any late packet of its owner lives. */
export const TOMBSTONE_LIFE = 86_400_000;
/** Milliseconds for which a pattern is remembered as served after its last consumer left. */
const SERVED_LIFE = 604_800_000;
/** Patterns announced by one script call. */
const PAGE = 200;

/** A pattern whose requests a consumer answers. */
export interface Announcement {
  readonly pattern: string;
  readonly once: boolean;
}

export type LeaseAnswer =
  | {
      readonly kind: 'ok';
      readonly now: number;
      readonly members: number;
      readonly notices: string[];
    }
  | { readonly kind: 'missing' | 'fenced'; readonly now: number };

/** Leases of consumers in one shard: who lives, who answers what. */
export class LeaseBroker {
  constructor(
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly group: string,
  ) {}

  /** @param take take the lease if it is missing, instead of reporting that it is */
  async renew(owner: Owner, ttl: number, take: boolean): Promise<LeaseAnswer> {
    const keys = [
      this.keys.lease(owner.consumer),
      this.keys.members(this.group),
      this.keys.inbox(owner.consumer),
    ];
    const args = [owner.token, owner.consumer, String(ttl), take ? '1' : '0'];
    const answer = textsOf(await run(this.link, leaseScript, keys, args), 'lease');
    const [word, time, members, ...cancellations] = answer;
    const kind = wordOf(word, ['ok', 'missing', 'fenced'] as const, 'lease');
    const now = numberOf(time);
    return kind === 'ok'
      ? { kind, now, members: numberOf(members), notices: cancellations }
      : { kind, now };
  }

  /**
   * Returns also the patterns that cannot be announced: something else stands under their key.
   * @param check report another live group that answers one of the patterns, and announce nothing
   */
  async announce(
    owner: Owner,
    announcements: readonly Announcement[],
    ttl: number,
    check: boolean,
  ): Promise<
    | { kind: 'ok'; broken?: readonly string[] }
    | { kind: 'missing' | 'fenced' }
    | { kind: 'conflict'; pattern: string; group: string }
  > {
    const broken: string[] = [];
    for (let from = 0; from < announcements.length; from += PAGE) {
      const page = announcements.slice(from, from + PAGE);
      const answer = await run(
        this.link,
        announceScript,
        [this.keys.lease(owner.consumer), ...page.map(({ pattern }) => this.keys.live(pattern))],
        [
          owner.token,
          this.group,
          owner.consumer,
          flags(page),
          String(ttl),
          String(SERVED_LIFE),
          check ? '1' : '0',
        ],
      );
      const [word, ...said] = textsOf(answer, 'announce');
      const kind = wordOf(word, ['ok', 'missing', 'fenced', 'conflict'] as const, 'announce');
      const patterns = said.map((at) => page[Number(at)]?.pattern ?? '');
      if (kind === 'conflict') return { kind, pattern: patterns[0] ?? '', group: said[1] ?? '' };
      if (kind !== 'ok') return { kind };
      broken.push(...patterns);
    }
    return broken.length === 0 ? { kind: 'ok' } : { kind: 'ok', broken };
  }

  /** Leaves a tombstone, says that nothing went wrong, and withdraws the announcements. */
  async release(owner: Owner, announcements: readonly Announcement[]): Promise<void> {
    for (let from = 0; from === 0 || from < announcements.length; from += PAGE) {
      const page = announcements.slice(from, from + PAGE);
      await run(
        this.link,
        releaseScript,
        [
          this.keys.lease(owner.consumer),
          this.keys.left(owner.consumer),
          this.keys.members(this.group),
          ...page.map(({ pattern }) => this.keys.live(pattern)),
        ],
        // The token of the first page is gone with it: a tombstone may be renewed by anybody.
        [
          from === 0 ? owner.token : '+',
          this.group,
          owner.consumer,
          flags(page),
          String(TOMBSTONE_LIFE),
        ],
      );
    }
  }

  /** Value and remaining milliseconds of each consumer's lease; an empty value: there is none. */
  async look(consumers: readonly string[]): Promise<{ value: string; left: number }[]> {
    const keys = consumers.map((consumer) => this.keys.lease(consumer));
    const answer = textsOf(await run(this.link, leasesScript, keys, []), 'leases');
    return consumers.map((_, i) => ({
      value: answer[2 * i] ?? '',
      left: numberOf(answer[2 * i + 1]),
    }));
  }

  async revoke(owner: Owner, dead: string): Promise<'revoked' | 'alive' | 'fenced'> {
    const keys = [this.keys.lease(owner.consumer), this.keys.lease(dead)];
    const answer = await run(this.link, revokeScript, keys, [owner.token, String(TOMBSTONE_LIFE)]);
    return wordOf(answer, ['revoked', 'alive', 'fenced'] as const, 'revoke');
  }

  /** Abort notices that were left for a consumer and that it has not collected. */
  async notices(consumer: string): Promise<string[]> {
    const inbox = this.keys.inbox(consumer);
    return textsOf(await this.link.command('lrange', [inbox, '0', '-1']), 'LRANGE');
  }

  /** What the server does when its memory is full: `maxmemory-policy`; undefined if it does not tell. */
  async evictionPolicy(): Promise<string | undefined> {
    const info = textOr(await this.link.command('info', ['memory']), '');
    return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  }

  /** Asks the other members to look at who is here and what is left. */
  async nudge(text: string): Promise<void> {
    await this.link.command('publish', [this.keys.nudge(this.group), text]);
  }

  /** Asks one consumer to look for entries that it owns without knowing. */
  async nudgeConsumer(consumer: string): Promise<void> {
    await this.link.command('publish', [this.keys.inbox(consumer), 'audit']);
  }

  /**
   * Ends a blocking read of this process early; false when the connection was not blocked. Not permitted
   * to every user: then it ends by itself.
   */
  async unblock(clientId: number): Promise<boolean> {
    return (await this.link.command('client', ['unblock', String(clientId)])) === 1;
  }
}

function flags(page: readonly Announcement[]): string {
  return page.map(({ once }) => (once ? 'once' : '-')).join(',');
}
