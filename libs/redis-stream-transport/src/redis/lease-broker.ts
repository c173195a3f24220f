import type { Keys } from '../protocol/keys.js';
import type { NotedPauses } from '../protocol/pause.js';
import type { Connection } from './connect.js';
import { senderBy } from './sender.js';
import type { Link } from './link.js';
import {
  announce,
  type AnnounceAnswer,
  type Announcement,
  type AnsweredPattern,
} from './operations/lease/announce.js';
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
import {
  announceWildcards,
  withdrawWildcards,
  type AnnouncedWildcard,
  type WildcardsAnswer,
  type WildcardTerms,
} from './operations/wildcards/announce-wildcards.js';
import {
  claimStream,
  type StreamClaim,
  type WantedStream,
} from './operations/wildcards/claim-stream.js';
import {
  knownStreams,
  noteLooked,
  rememberStreams,
  unknownStreams,
  type KnownFrom,
  type KnownStreams,
} from './operations/wildcards/known-streams.js';
import { retireStream } from './operations/wildcards/retire-stream.js';
import type { LeaseLost, Owner } from './owner.js';

export type {
  AnnouncedWildcard,
  Announcement,
  AnsweredPattern,
  KnownFrom,
  LeaseAnswer,
  NotedConnections,
};
export type { StreamClaim, WantedStream };

/** Leases and announcements of the consumers in one shard. Each method is one operation. */
export class LeaseBroker implements GroupPlace {
  constructor(
    readonly link: Link,
    readonly keys: Keys,
    readonly group: string,
  ) {}

  /** @param by a connection that has just come up, in place of the link */
  renew(owner: Owner, renewal: Renewal, by?: Connection): Promise<LeaseAnswer> {
    const { keys, group } = this;
    const link = by === undefined ? this.link : senderBy(by);
    return renew({ link, keys, group }, owner, renewal);
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

  announceWildcards(
    owner: Owner,
    wildcards: readonly AnnouncedWildcard[],
    terms: WildcardTerms,
  ): Promise<WildcardsAnswer> {
    return announceWildcards(this, owner, wildcards, terms);
  }

  /** @param groupTtl that of the announcement */
  withdrawWildcards(
    owner: Owner,
    wildcards: readonly AnnouncedWildcard[],
    groupTtl: number,
  ): Promise<void> {
    return withdrawWildcards(this, owner, wildcards, groupTtl);
  }

  knownStreams(from: KnownFrom, count: number): Promise<KnownStreams> {
    return knownStreams(this, from, count);
  }

  /** Those of the streams that are not known; undefined: Redis does not know that the group has the wildcard. */
  unknownStreams(wildcard: string, names: readonly string[]): Promise<string[] | undefined> {
    return unknownStreams(this, wildcard, names);
  }

  /** Makes them known again. */
  rememberStreams(names: readonly string[]): Promise<void> {
    return rememberStreams(this, names);
  }

  /** @param until up to when all streams that became known are dealt with, in milliseconds of Redis' clock */
  noteLooked(until: number, wildcards: readonly string[]): Promise<void> {
    return noteLooked(this, until, wildcards);
  }

  claimStream(owner: Owner, wanted: WantedStream): Promise<StreamClaim> {
    return claimStream(this, owner, wanted);
  }

  /** @param idle milliseconds without a new entry */
  retireStream(owner: Owner, name: string, idle: number): Promise<'kept' | 'retired' | LeaseLost> {
    return retireStream(this, owner, name, idle);
  }

  evictionPolicy(): Promise<string | undefined> {
    return evictionPolicy(this.link);
  }

  unblock(clientId: number): Promise<boolean> {
    return unblock(this.link, clientId);
  }
}
