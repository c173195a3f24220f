import type { Keys } from '../protocol/keys.js';
import type { Link } from './link.js';
import { announce, type AnnounceAnswer, type Announcement } from './operations/lease/announce.js';
import { leasesOf } from './operations/lease/leases.js';
import { notices, nudge, nudgeConsumer } from './operations/lease/messages.js';
import { release } from './operations/lease/release.js';
import { renew, type LeaseAnswer } from './operations/lease/renew.js';
import { revoke } from './operations/lease/revoke.js';
import type { GroupPlace } from './operations/place.js';
import { evictionPolicy, unblock } from './operations/server.js';
import type { Owner } from './owner.js';

export type { Announcement, LeaseAnswer };

/** Leases and announcements of the consumers in one shard. Each method is one operation. */
export class LeaseBroker implements GroupPlace {
  constructor(
    readonly link: Link,
    readonly keys: Keys,
    readonly group: string,
  ) {}

  renew(owner: Owner, ttl: number, take: boolean): Promise<LeaseAnswer> {
    return renew(this, owner, ttl, take);
  }

  announce(
    owner: Owner,
    announcements: readonly Announcement[],
    ttl: number,
    check: boolean,
  ): Promise<AnnounceAnswer> {
    return announce(this, owner, announcements, { ttl, check });
  }

  release(owner: Owner, announcements: readonly Announcement[]): Promise<void> {
    return release(this, owner, announcements);
  }

  look(consumers: readonly string[]): Promise<{ value: string; left: number }[]> {
    return leasesOf(this, consumers);
  }

  revoke(owner: Owner, dead: string): Promise<'revoked' | 'alive' | 'fenced'> {
    return revoke(this, owner, dead);
  }

  notices(consumer: string): Promise<string[]> {
    return notices(this, consumer);
  }

  nudge(text: string): Promise<void> {
    return nudge(this, text);
  }

  nudgeConsumer(consumer: string): Promise<void> {
    return nudgeConsumer(this, consumer);
  }

  evictionPolicy(): Promise<string | undefined> {
    return evictionPolicy(this.link);
  }

  unblock(clientId: number): Promise<boolean> {
    return unblock(this.link, clientId);
  }
}
