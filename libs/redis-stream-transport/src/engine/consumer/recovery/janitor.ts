import type { CleaningPlace } from '../../../redis/operations/cleaning/clean.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import { thrownText } from '../../../thrown.js';
import { jittered } from '../../clock.js';
import { Periodic } from '../../periodic.js';
import type { GroupReading } from '../intake/group-reading.js';
import type { ShardContext } from '../membership/shard-context.js';
import { OrphanedRequests } from './orphaned-requests.js';
import type { StreamState } from '../intake/stream-state.js';
import { together } from './together.js';

/** Milliseconds between two rounds through all streams. */
const EVERY = 5000;
/** Milliseconds between two sweeps of notes whose entries may be gone. */
const SWEEP_EVERY = 30_000;
/** New entries of a stream since its last turn that make the next turn due. */
const MANY = 5000;
/** Milliseconds until such a turn. */
const SOON = 250;
/** Most entries that one script looks at: it may block Redis for some milliseconds. */
const PAGE = 200;
/** Most entries that one script removes without looking at them. */
const TRIM = 1000;
/** Most scripts per stream and turn, so that a long stream does not delay the others. */
const TURN = 50;

/**
 * Removes events that every live group has handled and requests that expired unread. Has orphaned requests adopted.
 * Goes on at once as long as there is something to remove, and comes sooner to a stream with many new entries.
 */
export class Janitor {
  private readonly rounds: Periodic;
  private cancelSoon: (() => void) | undefined;
  private cleaning: Promise<void> = Promise.resolve();
  private readonly reported = new Set<string>();
  /** Where to go on in streams that were too long for one turn. */
  private readonly places = new Map<string, CleaningPlace>();
  /** New entries by stream since its last turn. */
  private readonly fresh = new Map<StreamState, number>();
  private sweptAt = 0;
  private readonly orphans: OrphanedRequests;

  /** @param readings that of the service first; a stream that broadcasts are read from too is cleaned by it only */
  constructor(
    private readonly context: ShardContext,
    private readonly readings: readonly GroupReading[],
    private readonly starts: StartBroker,
  ) {
    this.rounds = new Periodic(context.clock, {
      wait: () => jittered(context.clock, EVERY, 0.3),
      run: () => this.queue(() => this.round()),
    });
    const { streams, auditor } = readings[0] as GroupReading;
    this.orphans = new OrphanedRequests(context, starts, streams, () => void auditor.audit());
  }

  start(): void {
    this.rounds.start();
  }

  async stop(): Promise<void> {
    this.rounds.stop();
    this.cancelSoon?.();
    this.cancelSoon = undefined;
    await this.cleaning;
  }

  /** Counts new entries of a stream. */
  brought(stream: StreamState, count: number): void {
    const fresh = (this.fresh.get(stream) ?? 0) + count;
    this.fresh.set(stream, fresh);
    if (fresh < MANY || this.rounds.isStopped) return;
    this.cancelSoon ??= this.context.clock.after(SOON, () => {
      void this.queue(() => this.clean((one) => (this.fresh.get(one) ?? 0) >= MANY)).then(() => {
        this.cancelSoon = undefined;
      });
    });
  }

  /** All streams, each with what reads it: of a name that two readings have, that of the first. */
  private get streams(): Map<StreamState, GroupReading> {
    const all = new Map<StreamState, GroupReading>();
    const names = new Set<string>();
    for (const reading of this.readings) {
      for (const stream of reading.streams) {
        if (!names.has(stream.name)) all.set(stream, reading);
        names.add(stream.name);
      }
    }
    return all;
  }

  private async round(): Promise<void> {
    await this.clean(() => true);
    await this.orphans.look();
    await this.sweep();
  }

  /** Runs tasks one after the other. Never rejects. */
  private queue(task: () => Promise<void>): Promise<void> {
    this.cleaning = this.cleaning.then(task).catch((error: unknown) => {
      this.context.logger.warn('CLEANING_FAILED', `cleaning failed: ${thrownText(error)}`);
    });
    return this.cleaning;
  }

  private async clean(which: (stream: StreamState) => boolean): Promise<void> {
    const { streams } = this;
    for (const stream of this.fresh.keys()) if (!streams.has(stream)) this.fresh.delete(stream);
    for (let left = [...streams.keys()].filter(which); left.length > 0 && !this.rounds.isStopped;) {
      const again: StreamState[] = [];
      const turn = async (stream: StreamState, scripts: number): Promise<void> => {
        const { broker } = (streams.get(stream) as GroupReading).processor;
        if (await this.turn(stream, broker, scripts)) again.push(stream);
      };
      const short: StreamState[] = [];
      const long: StreamState[] = [];
      for (const stream of left) (this.isLong(stream) ? long : short).push(stream);
      await together(short, (stream) => turn(stream, 1));
      for (const stream of long) await turn(stream, TURN);
      left = again;
    }
  }

  /** It may take a script many entries to look at: other streams are not cleaned at the same time. */
  private isLong(stream: StreamState): boolean {
    return this.places.has(stream.name) || (this.fresh.get(stream) ?? 0) > PAGE;
  }

  /**
   * Returns whether there is more to remove.
   *
   * @param scripts at most
   */
  private async turn(stream: StreamState, broker: GroupBroker, scripts: number): Promise<boolean> {
    const { name, kind, isOut, isOwn } = stream;
    this.fresh.delete(stream);
    if (isOut) return false;
    let place = this.places.get(name);
    let removed = 0;
    try {
      for (let calls = 0; calls < scripts && !this.rounds.isStopped; calls++) {
        const cleaned = await broker.clean(name, kind, { ...this.limits, isOwn }, place);
        for (const group of cleaned.idle) this.report(name, group);
        removed += cleaned.removed;
        place = cleaned.next;
        if (place === undefined) break;
      }
    } catch (error) {
      // A failure must not stop the cleaning of the other streams.
      const { logger } = this.context;
      logger.warn(`CLEANING_FAILED ${name}`, `cleaning ${name} failed: ${thrownText(error)}`);
      return false;
    }
    if (place === undefined) this.places.delete(name);
    else this.places.set(name, place);
    return place !== undefined && (removed > 0 || scripts < TURN);
  }

  private async sweep(): Promise<void> {
    const now = this.context.clock.now();
    if (now - this.sweptAt < SWEEP_EVERY) return;
    this.sweptAt = now;
    for (const { streams } of this.readings) {
      await together(streams, ({ name }) => this.starts.sweep(name));
    }
  }

  private get limits() {
    const { groupTtl, retention } = this.context.options;
    return { groupTtl, count: retention.count, age: retention.age, page: PAGE, trim: TRIM };
  }

  private report(stream: string, group: string): void {
    const { groupTtl } = this.context.options;
    const key = `${stream} ${group}`;
    if (this.reported.has(key) || this.reported.size > 1000) return;
    this.reported.add(key);
    this.context.logger.warn(
      `GROUP_ABANDONED ${key}`,
      `group ${group} of ${stream} had no live instance for ${groupTtl} ms; it no longer holds events back`,
    );
  }
}
