import type { RawEntry } from '../../../protocol/entry.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { CommandFailure } from '../../../redis/failure.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Watermark } from '../../../redis/operations/serving/read.js';
import { earlier } from '../../clock.js';
import { type Beside, BesideReads } from './beside-reads.js';
import { DueStreams } from './due-streams.js';
import { HEALED } from './ensure-groups.js';
import { readPlan } from './plans.js';
import { lengthOf, nextTurn, portionOf, TURN_LENGTH } from './portions.js';
import type { Ask, Brought, ReadPlan, Room } from './read-plan.js';
import { ReadPace } from './read-pace.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds that a read blocks: always finite, so that silence is noticed (rule L10). */
const BLOCK = 2000;
/** Milliseconds between a failed read and the next one. */
const RETRY_AFTER = 250;

/** What is read, and over which connection. */
export interface Readable extends Beside {
  readonly broker: GroupBroker;
  readonly keys: Keys;
  readonly streams: readonly StreamState[];
  /** Further streams may come. */
  readonly grows?: boolean;
}

/** How much may be read. */
export interface ReadRoom {
  /** Entries that can start now. */
  readonly free: number;
  /** One more entry may be read that has to wait for its pattern. */
  readonly mayPark: boolean;
  /** One entry of classes below this number may be read although none can start. */
  readonly ahead: number;
}

export interface ReaderHooks {
  /** @param nested whether the read is for calls made inside handlers only */
  mayRead(nested: boolean): boolean;
  /** @param seen which packs must be looked at first, as Redis said after the read; undefined: it was not asked */
  entries(stream: StreamState, entries: readonly RawEntry[], seen: Watermark | undefined): void;
  /** Ensures the groups: a stream or its group is gone. */
  heal(): Promise<void>;
  /** Ends the blocking read in flight: it does not name all streams that have room now. */
  unblock(): void;
}

/**
 * Reads what can start, one read at a time on a connection of its own. What a read brings beyond that waits under
 * the lease.
 */
export class Reader {
  /** Which streams may have entries, where Redis tells. */
  readonly due: DueStreams;
  readonly pace: ReadPace;
  private readonly plan: ReadPlan;
  private readonly byKey = new Map<string, StreamState>();
  private stopped = true;
  private wakeUp: () => void = () => undefined;
  private loop: Promise<void> = Promise.resolve();
  private current: Promise<unknown> = Promise.resolve();
  /** A read is on its way. */
  isReading = false;
  /** Reads issued so far. */
  reads = 0;
  private readonly beside: BesideReads;
  /** The read in flight ends in time for the next read beside those of the plan, or was told to. */
  private endsInTime = false;
  /** Failed reads since the last success. */
  private failures = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly of: Readable,
    private readonly room: ReadRoom,
    private readonly hooks: ReaderHooks,
  ) {
    for (const stream of of.streams) this.byKey.set(of.keys.stream(stream.name), stream);
    this.due = new DueStreams(this.byKey, context.clock);
    this.pace = new ReadPace(context);
    this.plan = readPlan(of.streams, context.options.concurrency, context.clock, of.grows);
    this.beside = new BesideReads(context, of, this.plan, () => this.mayRead(true));
  }

  /** Reads one more stream from now on, or requests of one that it reads. */
  add(stream: StreamState): void {
    this.byKey.set(this.of.keys.stream(stream.name), stream);
    this.of.nested?.add(stream);
    this.plan.added?.(stream);
    this.due.all();
  }

  drop(stream: StreamState): void {
    this.byKey.delete(this.of.keys.stream(stream.name));
    this.of.nested?.drop(stream);
    this.due.drop(stream);
    this.plan.dropped(stream);
  }

  /** Resolves when all that the read in flight brings is handed on, or when it failed. */
  async settled(): Promise<void> {
    await this.current.catch(() => undefined);
  }

  start(): void {
    if (!this.stopped || (this.of.streams.length === 0 && this.of.grows !== true)) return;
    this.stopped = false;
    this.loop = this.run();
  }

  /** Checks again what can be read, because something changed. */
  wake(): void {
    this.wakeUp();
    // The read in flight may leave out a stream that has room now.
    if (!this.isReading || !this.plan.omits) return;
    const room = this.roomNow();
    const isLate = !this.endsInTime && this.beside.dueIn(room) !== undefined;
    if (isLate) this.endsInTime = true;
    if (this.plan.isOutdated(room) || isLate) this.hooks.unblock();
  }

  /** Issues no further read; resolves when the last one has returned. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    let looked = false;
    while (!this.stopped) {
      const room = this.roomNow();
      // Nested calls are read even when nothing else may be. The two kinds of reads take turns.
      let due = this.beside.dueIn(room);
      const mayAsk: boolean = (room.free > 0 || (room.ahead ?? 0) > 0) && (due !== 0 || looked);
      const ask: Ask | undefined = mayAsk ? this.plan.next(room, this.due.next()) : undefined;
      // The plan may leave out others than before.
      if (mayAsk) due = this.beside.dueIn(room);
      looked = ask === undefined;
      if (ask === undefined && due !== 0) {
        await this.change(mayAsk ? earlier(due, this.due.sweepIn) : due);
        continue;
      }
      try {
        const reading = ask === undefined ? this.readBeside() : this.issue(ask, due);
        const brought = await (this.current = reading);
        this.failures = 0;
        // Handlers go first: replies that are ready at once leave before the next read. A lone call then waits for
        // one write less, and calls that arrive together are read together.
        if (brought > 0) await nextTurn();
      } catch (error) {
        await this.failed(error as CommandFailure);
      }
    }
  }

  private mayRead(nested: boolean): boolean {
    return this.of.link.isUp && this.hooks.mayRead(nested);
  }

  private roomNow(): Room {
    const { members } = this.context;
    const mayRead = this.mayRead(false);
    const free = mayRead ? this.room.free : 0;
    const ahead = mayRead && free <= 0 && this.plan.readsAhead === true ? this.room.ahead : 0;
    return { free, members, mayPark: this.room.mayPark, ahead };
  }

  /** @param due milliseconds until a read beside those of the plan; undefined: none is to come */
  private async issue(ask: Ask, due: number | undefined): Promise<number> {
    const { identity, members, clock } = this.context;
    const { owner } = identity;
    const sentAt = clock.now();
    const streams = ask.streams.map(({ name }) => name);
    const longest = due === undefined ? BLOCK : Math.max(1, Math.ceil(due));
    const block = ask.blocks ? Math.min(BLOCK, longest) : 0;
    this.endsInTime = block < BLOCK;
    const packs = ask.streams.some(({ expectsPacks }) => expectsPacks);
    if (ask.ofDue) this.due.asked(ask.streams);
    const wanted = { consumer: owner.consumer, streams, count: ask.count, block, packs };
    const { read, seen } = await this.answer(this.of.broker.read(this.of.link, wanted));
    // A read of due streams does not wait in Redis: what it waited for was told.
    const took = clock.now() - (ask.ofDue ? this.pace.endedAt : sentAt);
    this.pace.ended(read, ask, this.byKey);
    // The read was for a name that was given up: another instance takes its entries over.
    if (owner !== identity.owner) {
      this.due.all();
      return 0;
    }
    const portion = portionOf(read, ask.count, (key) => this.byKey.get(key));
    const brought = await this.take(read, seen, portion);
    for (const [stream, came] of brought.entries) if (came >= ask.count) this.due.filled(stream);
    this.plan.noted(ask, { entries: brought.entries, total: brought.total, took }, members);
    for (const stream of brought.entries.keys()) stream.learn();
    return brought.total;
  }

  private async readBeside(): Promise<number> {
    const { owner } = this.context.identity;
    const answer = await this.answer(this.beside.look());
    if (owner !== this.context.identity.owner) return 0;
    const { entries, total } = await this.take(answer, undefined);
    for (const stream of entries.keys()) stream.learn();
    return total;
  }

  private async answer<T>(reading: Promise<T>): Promise<T> {
    this.isReading = true;
    this.reads++;
    try {
      return await reading;
    } finally {
      this.isReading = false;
    }
  }

  /** Hands on what a read brought, in portions of so many characters. */
  private async take(
    answer: readonly StreamEntries[],
    seen: Watermark | undefined,
    portion = TURN_LENGTH,
  ): Promise<Omit<Brought, 'took'>> {
    const { generation } = this.context.identity;
    const brought = new Map<StreamState, number>();
    let [total, length] = [0, 0];
    for (const { stream: key, entries } of answer) {
      const stream = this.byKey.get(key);
      if (stream === undefined) continue;
      let handed = 0;
      for (let i = 0; i < entries.length; i++) {
        if (length >= portion) {
          this.hand(stream, entries.slice(handed, i), generation, seen);
          handed = i;
          length = 0;
          await nextTurn();
        }
        length += lengthOf(entries[i] as RawEntry);
      }
      this.hand(stream, handed === 0 ? entries : entries.slice(handed), generation, seen);
      brought.set(stream, entries.length);
      total += entries.length;
    }
    return { entries: brought, total };
  }

  /** @param generation at the read, or an earlier one */
  private hand(
    stream: StreamState,
    entries: readonly RawEntry[],
    generation: number,
    seen: Watermark | undefined,
  ): void {
    // Drops them if the generation changed since an earlier turn. Either the name was given up, and another
    // instance takes them over; or there is a new connection, and the audit finds those that are still ours.
    if (entries.length > 0 && generation === this.context.identity.generation)
      this.hooks.entries(stream, entries, seen);
  }

  private async failed(failure: CommandFailure): Promise<void> {
    this.plan.failed();
    this.due.all();
    this.failures++;
    let refusal = failure;
    if (HEALED.has(failure.reply)) {
      try {
        await this.hooks.heal();
        // A read that keeps failing after a heal is repeated with a pause.
        if (this.failures < 3) return;
      } catch (error) {
        refusal = error as CommandFailure;
      }
    }
    if (refusal.kind === 'refused')
      this.context.logger.error('READ_REFUSED', `reading failed: ${refusal.message}`);
    if (!this.stopped && this.of.link.isUp) await this.change(RETRY_AFTER);
  }

  /** Waits for `wake()`, at most `ms` milliseconds. */
  private change(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel =
        ms === undefined ? undefined : this.context.clock.after(ms, () => this.wakeUp());
      this.wakeUp = () => {
        cancel?.();
        this.wakeUp = () => undefined;
        resolve();
      };
    });
  }
}
