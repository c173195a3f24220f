import { visible } from '../../../protocol/visible.js';
import type { Owner } from '../../../redis/owner.js';
import { thrownText } from '../../../thrown.js';
import type { LeaseCompanion } from '../membership/companion.js';
import {
  AttachedStreams,
  type AttachedStreamsHooks,
  type AttachedStreamsParts,
} from './attached-streams.js';
import { AskedAgain } from './asked-again.js';
import { KnownNames } from './known-names.js';
import { Rest } from './rest.js';
import { Turns } from './turns.js';
import { WildAnnouncements } from './wild-announcements.js';
import type { Dealt } from './wild-claims.js';

/** Streams that one look at all asks to remove: so many, or that part of all. */
const RETIRED = 20;
const RETIRED_PART = 50;
/** Streams that one look at all claims anew, and those that another group had of which it asks again. */
const ASKED = 500;
/** Names that are dealt with because they were told; of more than these all are looked at. */
const MOST_NAMED = 10_000;
/** Milliseconds between two looks at least: each costs Redis some scripts. */
const PACE = 50;
/** Streams that are claimed anew at the same time. */
const TOGETHER = 50;
/** Names of streams left out that are counted. */
const MOST_LEFT_OUT = 10_000;

const isDecided = (dealt: Dealt): boolean => dealt !== 'again' && dealt !== 'soon';

export interface WildStreamsParts extends AttachedStreamsParts {
  readonly hooks: WildStreamsHooks;
}

export interface WildStreamsHooks extends AttachedStreamsHooks {
  /** Streams have come. */
  came(): void;
}

/**
 * Has the streams read that wildcards stand for, in one shard. A stream becomes known with its first entry, and is then
 * read from there on. Knows with the lease, and when it is told that there is another one; looks at all that
 * are known once a minute, because what is told may be lost.
 */
export class WildStreams implements LeaseCompanion {
  private readonly attached: AttachedStreams;
  private readonly announcements: WildAnnouncements;
  private readonly names: KnownNames;
  private readonly texts: readonly string[];
  /** Streams that are not read because so many are. */
  private leftOut = new Set<string>();
  /** Streams of which it was told that they are known, or may be another group's. */
  private readonly named = new Set<string>();
  private readonly askedAgain: AskedAgain;
  private looking: Promise<void> | undefined;
  private again = false;
  private isStopped = true;
  /** The instance ends: renewals go on, and bring no further stream. */
  private hasEnded = false;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private readonly rest: Rest;
  /** Streams that have come so far. */
  private came = 0;
  private readonly claimed = new Turns();
  private readonly asks = new Turns();
  private readonly removals = new Turns();
  /** Names that the latest look at all saw. */
  private seen = 0;

  constructor(private readonly parts: WildStreamsParts) {
    const { context, leases, wild } = parts;
    this.texts = wild.wildcards.map(({ text }) => text);
    this.attached = new AttachedStreams(parts);
    this.announcements = new WildAnnouncements(parts);
    this.rest = new Rest(context.clock);
    this.askedAgain = new AskedAgain(context.clock);
    this.names = new KnownNames(context.clock, leases, this.texts[0] as string);
    context.identity.whenReplaced(() => this.doubt());
  }

  /** Streams that match, and are not read because there are more than may be. */
  get omitted(): number {
    return this.leftOut.size;
  }

  // ---- LeaseCompanion

  async confirmed(owner: Owner): Promise<void> {
    if (!(await this.announce(owner)) || this.hasEnded) return;
    this.isStopped = false;
    void this.look();
  }

  async leaving(owner: Owner): Promise<void> {
    await this.stopLooking();
    this.attached.leaves();
    await this.announcements
      .withdraw(owner)
      .catch((error: unknown) => this.complain('cannot be withdrawn', error));
  }

  // ----

  /** Reads no further stream from now on. */
  async stop(): Promise<void> {
    this.hasEnded = true;
    await this.stopLooking();
  }

  private async stopLooking(): Promise<void> {
    this.isStopped = true;
    this.rest.end();
    await this.looking;
  }

  /** A stream has become known, or another group has one now. @param name '' if it is not told */
  told(name: string): void {
    if (this.isStopped) return;
    if (name !== '' && this.named.size < MOST_NAMED) this.named.add(name);
    else this.again = true;
    this.rest.end();
    void this.go();
  }

  /** Looks now: other streams may be known. Never rejects. */
  look(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    this.again = true;
    this.rest.end();
    return this.go();
  }

  private go(): Promise<void> {
    this.looking ??= this.run()
      .catch((error: unknown) => this.complain('cannot be looked for', error))
      .finally(() => {
        this.looking = undefined;
      });
    return this.looking;
  }

  /** The lease was lost: nothing is answered any more that was not claimed anew. */
  doubt(): void {
    this.attached.doubt();
  }

  /** Gives up streams that were removed. Where Redis has lost its memory they stay, and are claimed anew. */
  async check(): Promise<void> {
    const gone = await this.names.unknown(this.attached.idle);
    for (const name of gone ?? []) this.attached.detach(name);
    if (gone !== undefined) return;
    this.doubt();
    if (await this.announce(this.parts.context.identity.owner)) void this.look();
  }

  /** Announces the wildcards. Where Redis has lost its memory it learns what is read. Never rejects. */
  private async announce(owner: Owner): Promise<boolean> {
    try {
      const answer = await this.announcements.announce(owner);
      if (answer === 'anew') {
        this.doubt();
        await this.names.remember(this.attached.names);
      }
      return answer !== undefined;
    } catch (error) {
      this.complain('cannot be announced', error);
      return false;
    }
  }

  private async run(): Promise<void> {
    const { clock } = this.parts.context;
    for (let wait = this.wait; wait !== undefined && !this.isStopped; wait = this.wait) {
      if (wait > 0) {
        await this.rest.for(wait);
        continue;
      }
      const isLook = this.again;
      this.again = false;
      const came = this.came;
      if (isLook) await this.lookOnce();
      else await this.dealNamed(this.leftOut);
      if (this.came > came) this.parts.hooks.came();
      if (this.announcements.isStale) await this.announce(this.parts.context.identity.owner);
      this.lookedAt = clock.now();
    }
  }

  /** Milliseconds until there is something to do; undefined: nothing is known that there will be. */
  private get wait(): number | undefined {
    const wait = this.again || this.named.size > 0 ? 0 : this.askedAgain.wait;
    if (wait === undefined) return undefined;
    return Math.max(wait, this.lookedAt + PACE - this.parts.context.clock.now());
  }

  private async lookOnce(): Promise<void> {
    const { isAllDue: isAll, hasLookedAtAll } = this.names;
    const leftOut = isAll ? new Set<string>() : this.leftOut;
    const candidates: string[] = [];
    this.asks.begin(hasLookedAtAll ? ASKED : Number.POSITIVE_INFINITY);
    this.removals.begin(Math.max(RETIRED, Math.ceil(this.seen / RETIRED_PART)));
    let isDone = isAll ? await this.claimAnew(this.inTurn(this.attached.names)) : true;
    this.seen = isAll ? 0 : this.seen;
    const look = await this.names.look(async (names) => {
      if (!(await this.dealNamed(leftOut))) isDone = false;
      for (const name of names) {
        if (this.isStopped) return false;
        if (isAll) this.seen++;
        if (isAll && this.removals.isNext()) candidates.push(name);
        if (!isDecided(await this.deal(name, leftOut, isAll))) isDone = false;
      }
      return isDone;
    });
    if (look === undefined) return;
    await this.parts.leases.noteLooked(look.until, this.texts);
    if (!look.isAll) return;
    this.leftOut = leftOut;
    this.asks.end();
    this.removals.end();
    await this.retire(candidates);
  }

  /** The streams that are claimed anew in this look at all. */
  private inTurn(names: readonly string[]): string[] {
    this.claimed.begin(ASKED);
    const those = names.filter(() => this.claimed.isNext());
    this.claimed.end();
    return those;
  }

  /** Deals with what was told, and with what is in doubt. Returns whether it is decided. */
  private async dealNamed(leftOut: Set<string>): Promise<boolean> {
    const names = [...this.named];
    this.named.clear();
    const known = names.filter((name) => this.attached.has(name));
    this.attached.doubt(known);
    const doubtful = this.attached.doubtful.filter((name) => !this.askedAgain.waits(name));
    let isDone = await this.claimAnew([
      ...new Set([...doubtful, ...known, ...this.askedAgain.due]),
    ]);
    for (const name of names) {
      if (this.isStopped) return false;
      if (!isDecided(await this.deal(name, leftOut, false))) isDone = false;
    }
    return isDone && this.askedAgain.wait === undefined;
  }

  private async claimAnew(names: readonly string[]): Promise<boolean> {
    if (names.length > 0) await this.attached.quiet();
    let isDone = true;
    for (let from = 0; from < names.length && !this.isStopped; from += TOGETHER) {
      const some = names.slice(from, from + TOGETHER);
      const dealt = await Promise.all(some.map((name) => this.attached.claimAnew(name)));
      for (const [i, one] of dealt.entries())
        this.askedAgain.asked(some[i] as string, one !== 'soon');
      isDone &&= dealt.every(isDecided);
    }
    return isDone;
  }

  /** @param inTurn it is perhaps known already that another group has it: it is asked about when its turn comes */
  private async deal(name: string, leftOut: Set<string>, inTurn: boolean): Promise<Dealt> {
    const wants = this.attached.wants(name);
    if (wants === undefined) return 'not';
    if (this.parts.room.isFull) {
      this.leaveOut(name, leftOut);
      return 'not';
    }
    // What it listens to is read whoever answers: it is decided only when it is read.
    if (inTurn && !wants.listens && !this.asks.isNext()) return 'not';
    const dealt = await this.attached.attach(name, wants);
    if (dealt === 'read') this.came++;
    return dealt;
  }

  /** Has streams removed that nobody uses. */
  private async retire(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (this.isStopped) return;
      await this.attached.retire(name);
    }
  }

  private leaveOut(name: string, leftOut: Set<string>): void {
    const { context, room } = this.parts;
    if (leftOut.size < MOST_LEFT_OUT) leftOut.add(name);
    const line = `wildcards stand for more than ${room.most} streams ("wildcardStreams"): the others are not read`;
    context.logger.error('WILDCARD_STREAMS', `${line}, for instance ${visible(name)}`);
  }

  private complain(what: string, error: unknown): void {
    this.parts.context.logger.warn(
      'WILDCARDS_FAILED',
      `streams of wildcards ${what}: ${thrownText(error)}`,
    );
  }
}
