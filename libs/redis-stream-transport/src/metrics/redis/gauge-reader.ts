import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Logger } from '@nestjs/common';
import { withPlace, type Place } from '../../operate/place.js';
import { scanKeys, streamKeys } from '../../operate/scanned-keys.js';
import { Keys } from '../../protocol/keys.js';
import { run } from '../../redis/operations/script.js';
import { outside } from '../../engine/outside.js';
import { RateLimitedLogger } from '../../engine/rate-limited-logger.js';
import { thrownText } from '../../thrown.js';
import type { ResolvedMetricsOptions } from '../metrics-options.js';
import type { Tallies } from '../tallies.js';
import { forgetFigures, publishFigures } from './publish-figures.js';
import { readFigures, type Found } from './read-figures.js';
import { leaveTurnScript, takeTurnScript } from './reader-turn.lua.js';

/**
 * After a read it rests for so many times as long as that took, whatever the number of patterns. Redis works for a part of
 * a read only: the rest is the way there and back, and what this process does.
 */
const REST = 60;
/** The same after a scan for keys, which looks at all keys of the server; of what it cost Redis, about. */
const SCAN_REST = 400;
/** Milliseconds that a scan may take. */
const SCAN_LIMIT = 30_000;
/** Milliseconds between two lines about reads that fail. */
const LINES = 60_000;
/** How many pauses a reader may miss before another one takes its turn, and before its figures count as old. */
const MISSED = 3;

/**
 * Reads what Redis knows, and puts it among the values. Of all processes that read the same place one does: it holds the
 * turn, a key that ends by itself. The others have no figures.
 *
 * It reads by itself and not when it is asked: so a scrape waits for nothing, and more of them cost Redis nothing.
 */
export class GaugeReader {
  private readonly id = `${hostname()}-${process.pid}-${randomBytes(9).toString('base64url')}`;
  private readonly logger = new RateLimitedLogger(
    new Logger('RedisStreamsMetrics'),
    () => performance.now(),
    LINES,
  );
  private stopped = false;
  private running: Promise<void> = Promise.resolve();
  private wake: () => void = () => undefined;
  /** Milliseconds from the last read to the next. */
  private rest: number;
  private found: (Found & { readonly until: number }) | undefined;
  /** When the figures were read, on the monotonic clock; undefined: there are none. */
  private readAt: number | undefined;

  constructor(
    private readonly options: NonNullable<ResolvedMetricsOptions['gauges']>,
    private readonly tallies: Tallies,
    private readonly maxPatterns: number,
  ) {
    this.rest = options.interval;
  }

  start(): void {
    this.running = outside(() => this.run());
  }

  /** Gives its turn to another one. Never rejects. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
    this.logger.flush();
    this.forget();
  }

  /** Before the values are exported: says how old the figures are, and forgets them when they are too old. */
  refresh(): void {
    if (this.readAt === undefined) return;
    const age = performance.now() - this.readAt;
    if (age > MISSED * this.rest) this.failed(new Error('a read does not end'));
    else this.tallies.count('redis_read_age').value = age / 1000;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await withPlace(this.options.client, (place) => this.watch(place), 'metrics');
      } catch (error) {
        this.failed(error);
        await this.pause(this.options.interval);
      }
    }
  }

  /** Reads a place until this is stopped. Its connections mend themselves meanwhile. */
  private async watch(place: Place): Promise<void> {
    this.found = undefined;
    try {
      while (!this.stopped) {
        await this.look(place);
        await this.pause(this.rest);
      }
    } finally {
      await this.leave(place).catch(() => undefined);
    }
  }

  private async look(place: Place): Promise<void> {
    try {
      if (await this.take(place)) await this.read(place);
      else this.forget();
    } catch (error) {
      this.failed(error);
    }
  }

  private async read(place: Place): Promise<void> {
    const found = await this.find(place);
    const began = performance.now();
    const figures = await readFigures(place, found);
    const took = performance.now() - began;
    this.rest = Math.max(this.options.interval, took * REST);
    if (this.stopped) return;
    publishFigures(this.tallies, figures, this.maxPatterns);
    this.readAt = performance.now();
    this.tallies.count('redis_read_up').value = 1;
    this.tallies.count('redis_read_duration').value = took / 1000;
  }

  /** Finding streams and groups needs a scan of all keys, so what was found is kept for a while. */
  private async find(place: Place): Promise<Found> {
    if (this.found !== undefined && performance.now() < this.found.until) return this.found;
    const keys = await scanKeys(place, ['s', 'when', 'members', 'dead'], SCAN_LIMIT);
    const until = performance.now() + keys.cost * SCAN_REST;
    const groups = [...keys.of('members'), ...keys.of('dead')].map(({ name }) => name);
    this.found = { streams: streamKeys(keys), groups: [...new Set(groups)], until };
    return this.found;
  }

  private async take(place: Place): Promise<boolean> {
    const { turn, link } = turnOf(place);
    const ms = Math.ceil(MISSED * this.rest);
    return (await run(link, takeTurnScript, { turn, reader: this.id, ms })) === 1;
  }

  private async leave(place: Place): Promise<void> {
    const { turn, link } = turnOf(place);
    await run(link, leaveTurnScript, { turn, reader: this.id });
  }

  private forget(): void {
    this.readAt = undefined;
    this.rest = this.options.interval;
    forgetFigures(this.tallies);
  }

  private failed(error: unknown): void {
    this.forget();
    if (this.stopped) return;
    this.logger.warn(
      'FIGURES_UNREADABLE',
      `the figures of Redis cannot be read: ${thrownText(error)}`,
    );
    this.tallies.count('redis_read_up').value = 0;
  }

  private pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        this.wake = () => undefined;
        resolve();
      };
    });
  }
}

/** The first shard has the turn for all. */
function turnOf({ prefix, shards: [first] }: Place) {
  if (first === undefined) throw new Error('a place has a shard');
  return { link: first.link, turn: new Keys(prefix, 0, 1).gauges() };
}
