import type { CleaningPlace } from '../../redis/cleaning.js';
import type { StartBroker } from '../../redis/start-broker.js';
import { jittered } from '../clock.js';
import type { GroupReading } from './group-reading.js';
import type { ShardContext } from './shard-context.js';
import { Stranded } from './stranded.js';
import type { StreamState } from './stream-state.js';
import { thrownText } from '../../thrown.js';

const EVERY = 5000;
/** Milliseconds between two looks at notes whose entries may be gone. */
const SWEEP_EVERY = 30_000;
/** Entries that one script call looks at. */
const PAGE = 200;
/** Pages per stream and round, so that a long stream does not hold up the others. */
const PAGES = 50;

/** Removes events that every live group has handled, and requests that expired without being read. */
export class Janitor {
  private cancelTimer: (() => void) | undefined;
  private cleaning: Promise<void> = Promise.resolve();
  private stopped = true;
  private readonly reported = new Set<string>();
  /** Where to go on in streams that were too long for one round. */
  private readonly places = new Map<string, CleaningPlace>();

  private sweptAt = 0;
  private readonly stranded: Stranded;

  constructor(
    private readonly context: ShardContext,
    private readonly reading: GroupReading,
    private readonly starts: StartBroker,
    /** All streams of the shard, those of broadcasts too. */
    private readonly noted: readonly StreamState[],
  ) {
    const { streams, auditor } = reading;
    this.stranded = new Stranded(context, starts, streams, () => void auditor.audit());
  }

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.cleaning;
  }

  private schedule(): void {
    if (this.stopped) return;
    this.cancelTimer = this.context.clock.after(jittered(this.context.clock, EVERY, 0.3), () => {
      this.cleaning = this.clean()
        .catch((error: unknown) =>
          this.context.logger.warn('janitor', `cleaning failed: ${thrownText(error)}`),
        )
        .then(() => this.schedule());
    });
  }

  private async clean(): Promise<void> {
    const { groupTtl, retention } = this.context.options;
    const limits = {
      groupTtl,
      count: retention.count,
      age: retention.age,
      page: PAGE,
    };
    const { streams, worker } = this.reading;
    for (const stream of streams) {
      const { name, kind } = stream;
      let place = this.places.get(name);
      try {
        for (let page = 0; page < PAGES && !this.stopped; page++) {
          const { next, idle } = await worker.broker.clean(name, kind, limits, place);
          for (const group of idle) this.report(name, group);
          place = next;
          if (next === undefined) break;
        }
      } catch (error) {
        // Others are cleaned all the same.
        const { logger } = this.context;
        logger.warn(`janitor ${name}`, `cleaning ${name} failed: ${thrownText(error)}`);
      }
      if (place === undefined) this.places.delete(name);
      else this.places.set(name, place);
    }
    await this.stranded.look();
    await this.sweep();
  }

  private async sweep(): Promise<void> {
    const now = this.context.clock.now();
    if (now - this.sweptAt < SWEEP_EVERY) return;
    this.sweptAt = now;
    for (const { name } of this.noted) await this.starts.sweep(name);
  }

  private report(stream: string, group: string): void {
    const { groupTtl } = this.context.options;
    const key = `${stream} ${group}`;
    if (this.reported.has(key) || this.reported.size > 1000) return;
    this.reported.add(key);
    this.context.logger.warn(
      `group ${key}`,
      `group ${group} of ${stream} had no live instance for ${groupTtl} ms; it no longer holds events back`,
    );
  }
}
