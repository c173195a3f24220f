import { setTimeout as pause } from 'node:timers/promises';
import { type Overview, TimeLimit, type Statistics } from '../../operate/index.js';
import type { Place } from '../../operate/place.js';
import { OVERVIEW_KEYS, overviewOf } from '../../operate/read-overview.js';
import { statisticsOf } from '../../operate/read-statistics.js';
import { scanKeys, type ScannedKeys } from '../../operate/scanned-keys.js';

/** Milliseconds for which keys that were found are looked at without a new search. */
const KNOWN = 10_000;
/** A search takes at most this part of the time, however many keys Redis has. */
const SHARE = 20;

/** What Redis and the instances say at one moment. */
export interface TopLook {
  readonly overview: Overview;
  readonly statistics: Statistics;
  readonly limit: TimeLimit;
  /** When it was over, by the clock of this process: milliseconds that only grow, and since 1970. */
  readonly at: number;
  readonly wallTime: number;
}

/** Looks at a place again and again. Keys are searched only now and then: there may be millions. */
export class Watch {
  private known: { readonly keys: ScannedKeys; readonly until: number } | undefined;

  /** @param timeout milliseconds that one look may take */
  constructor(
    private readonly place: Place,
    private readonly timeout: number,
  ) {}

  async look(): Promise<TopLook> {
    const limit = new TimeLimit(this.timeout);
    const keys = await this.keys(limit);
    const services = [...new Set(keys.of('members').map(({ name }) => name))];
    const [overview, statistics] = await Promise.all([
      overviewOf(this.place, keys, limit),
      statisticsOf(this.place, services, { patience: Math.min(500, this.timeout) }),
    ]);
    return { overview, statistics, limit, at: performance.now(), wallTime: Date.now() };
  }

  /** Two looks, so that there are rates and times of what happened between them. */
  async lookTwice(interval: number): Promise<readonly [before: TopLook, now: TopLook]> {
    const before = await this.look();
    await pause(interval);
    return [before, await this.look()];
  }

  private async keys(limit: TimeLimit): Promise<ScannedKeys> {
    const began = performance.now();
    if (this.known !== undefined && began < this.known.until) return this.known.keys;
    const keys = await scanKeys(this.place, OVERVIEW_KEYS, limit);
    const took = performance.now() - began;
    const until = keys.complete ? began + Math.max(KNOWN, SHARE * took) : began;
    this.known = { keys, until };
    return keys;
  }
}
