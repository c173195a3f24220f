import type { Keys } from '../protocol/keys.js';
import type { NotedPauses } from '../protocol/pause.js';
import type { Link } from './link.js';
import { announce, type AnnounceAnswer, type Announcement } from './operations/lease/announce.js';
import { noteFacts, noteStatistics } from './operations/lease/facts.js';
import { leasesOf } from './operations/lease/leases.js';
import { notices, nudge, nudgeConsumer } from './operations/lease/messages.js';
import { readPauses } from './operations/lease/pauses.js';
import { release } from './operations/lease/release.js';
import { renew, type LeaseAnswer, type Renewal } from './operations/lease/renew.js';
import { revoke } from './operations/lease/revoke.js';
import type { GroupPlace } from './operations/place.js';
import {
  notedConnections,
  type NotedConnections,
} from './operations/recovery/noted-connections.js';
import { openConnections } from './operations/recovery/open-connections.js';
import { evictionPolicy, unblock } from './operations/server.js';
import type { LeaseLost, Owner } from './owner.js';

export type { Announcement, LeaseAnswer, NotedConnections };

/** Leases and announcements of the consumers in one shard. Each method is one operation. */
export class LeaseBroker implements GroupPlace {
  constructor(
    readonly link: Link,
    readonly keys: Keys,
    readonly group: string,
  ) {}

  renew(owner: Owner, renewal: Renewal): Promise<LeaseAnswer> {
    return renew(this, owner, renewal);
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

  /** @param text what a consumer says about itself */
  noteFacts(owner: Owner, text: string): Promise<'ok' | LeaseLost> {
    return noteFacts(this, owner, text);
  }

  /** @param text what a consumer has done */
  noteStatistics(owner: Owner, text: string): Promise<'ok' | LeaseLost> {
    return noteStatistics(this, owner, text);
  }

  /** What is paused in the group. */
  readPauses(): Promise<NotedPauses> {
    return readPauses(this);
  }

  look(consumers: readonly string[]): Promise<{ value: string; left: number }[]> {
    return leasesOf(this, consumers);
  }

  /** @param note of its connections, all of which are gone; '': its lease is missing */
  revoke(owner: Owner, dead: string, note = ''): Promise<'revoked' | 'alive' | LeaseLost> {
    return revoke(this, owner, dead, note);
  }

  /** What live members have noted, once in `every` milliseconds for the whole group, or at once. */
  notedConnections(every: number, urgent: boolean): Promise<NotedConnections[]> {
    return notedConnections(this, every, urgent);
  }

  /** Those of `ids` that Redis has; undefined: it cannot be told. @param own id of this connection */
  openConnections(own: number, ids: readonly number[]): Promise<ReadonlySet<number> | undefined> {
    return openConnections(this.link, own, ids);
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
