import type { KnownFrom, LeaseBroker } from '../../../redis/lease-broker.js';
import type { Clock } from '../../clock.js';

/** Names of one script. */
const PAGE = 200;
/** Milliseconds after which all names are looked at again. */
const ALL_AFTER = 60_000;
/**
 * Milliseconds before the last name that are looked at again, and for which a look does not count: the clock of Redis may go
 * back.
 */
const OVERLAP = 5000;
/** Names that one look is about, at most. */
const MOST = 100_000;

/** What a look has come to. */
export interface Look {
  /** It was about all names. */
  readonly isAll: boolean;
  /** Every stream that became known up to then is dealt with, in milliseconds of Redis' clock. */
  readonly until: number;
}

/** Reads the names of the streams that Redis knows: of those that are new, or from time to time of all. */
export class KnownNames {
  /** When the last one became known, in milliseconds of Redis' clock. */
  private last = 0;
  private allAt = Number.NEGATIVE_INFINITY;

  /** @param wildcard one of the group's */
  constructor(
    private readonly clock: Clock,
    private readonly leases: LeaseBroker,
    private readonly wildcard: string,
  ) {}

  /** A look at all names has come to its end. */
  get hasLookedAtAll(): boolean {
    return this.allAt !== Number.NEGATIVE_INFINITY;
  }

  /** The next look is about all names. */
  get isAllDue(): boolean {
    return this.clock.now() - this.allAt >= ALL_AFTER;
  }

  /**
   * Hands on names, page by page. Rejects when Redis does not answer.
   * @param take says whether it has dealt with all of the page
   * @returns undefined: something was not dealt with, and the next look begins where this one did
   */
  async look(take: (names: readonly string[]) => Promise<boolean>): Promise<Look | undefined> {
    const isAll = this.isAllDue;
    let from: KnownFrom | undefined = { time: isAll ? 0 : this.last - OVERLAP, after: '' };
    let [newest, isDone] = [0, true];
    let until: number | undefined;
    for (let pages = 0; from !== undefined && pages < MOST / PAGE; pages++) {
      const page = await this.leases.knownStreams(from, PAGE);
      until ??= page.now;
      if (!(await take(page.names))) isDone = false;
      newest = page.last;
      from = page.next;
    }
    if (!isDone || until === undefined) return undefined;
    this.last = newest;
    if (isAll) this.allAt = this.clock.now();
    // The next look goes on with those that are left.
    if (from !== undefined) until = Math.min(until, newest);
    return { isAll, until: until - OVERLAP };
  }

  /** Those of the names that are not known any more; undefined: Redis has lost its memory, and with it what was known. */
  async unknown(names: readonly string[]): Promise<string[] | undefined> {
    const unknown: string[] = [];
    for (let from = 0; from < names.length; from += PAGE) {
      const page = names.slice(from, from + PAGE);
      const answer = await this.leases.unknownStreams(this.wildcard, page);
      if (answer === undefined) return undefined;
      unknown.push(...answer);
    }
    return unknown;
  }

  /** Makes names known again, after a loss of memory. */
  async remember(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += PAGE)
      await this.leases.rememberStreams(names.slice(from, from + PAGE));
  }
}
