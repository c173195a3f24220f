import { BoundedPlan } from './bounded-plan.js';
import { ClassTurns } from './class-turns.js';
import type { Ask, Brought, ReadPlan, Room } from './read-plan.js';
import { RANK, type Rank, type StreamState } from './stream-state.js';

const RANKS: readonly Rank[] = [RANK.high, RANK.normal, RANK.low];

/** The streams of one class, and how they are read. */
interface Class {
  readonly streams: StreamState[];
  readonly plan: BoundedPlan;
}

/** The read on its way. */
interface Asked {
  /** Whose read it is. */
  readonly plan: BoundedPlan;
  /** Undefined: it is of all classes. */
  readonly rank: Rank | undefined;
  /** It names all streams of the class that have room. */
  readonly isWhole: boolean;
}

/**
 * Some patterns have classes of importance. While no stream has more than can start, one read names all of them and
 * waits. As soon as one has, the classes are read one after the other: each read asks for what can still start, of the
 * class whose turn it is. When a round of all has found no more, one read waits for all again.
 *
 * Invariants: a read asks no stream for more than can start; so one that matters more waits for the end of one handler, and not for
 * those that matter less and came before it. No class waits forever (`ClassTurns`).
 */
export class ClassPlan implements ReadPlan {
  private readonly all: BoundedPlan;
  private readonly classes: readonly Class[];
  private readonly ranks: readonly Rank[];
  /** The patterns that have classes, by their own streams. */
  private readonly withClasses = new Set<string>();
  private readonly turns: ClassTurns;
  /** A stream had as much as was asked for: classes take turns. */
  private isContended = false;
  /** Classes of which all streams with room had less than was asked for, since a read brought something. */
  private readonly emptied = new Set<Rank>();
  private asked: Asked | undefined;
  /** Streams that a read that waits for all leaves out because they have no room. */
  private omitted: readonly StreamState[] = [];

  constructor(
    private readonly streams: readonly StreamState[],
    concurrency: number,
    random: () => number,
  ) {
    this.all = new BoundedPlan(streams, concurrency, random, true);
    this.turns = new ClassTurns(concurrency);
    this.classes = RANKS.map((each) => {
      const some = streams.filter(({ rank }) => rank === each);
      return { streams: some, plan: new BoundedPlan(some, concurrency, random, true) };
    });
    for (const { rank, own } of streams) if (rank !== RANK.normal) this.withClasses.add(own);
    this.ranks = RANKS.filter((rank) => this.classOf(rank).streams.length > 0);
  }

  readonly readsAhead = true;

  next(room: Room, due?: readonly StreamState[]): Ask | undefined {
    this.asked = undefined;
    this.omitted = [];
    if (room.free <= 0) return this.ofAhead(room, due);
    if (due !== undefined) return this.ofClass(room, due);
    const readable = this.readable(room);
    if (readable.length === 0) return undefined;
    const most = this.mostOfEach(readable, room);
    if (!this.isContended && most > 0) return this.ofAll(readable, room, most);
    const ask = this.ofClass(room);
    if (ask !== undefined) return ask;
    this.isContended = false;
    this.emptied.clear();
    if (most > 0) return this.ofAll(readable, room, most);
    return this.oneOf(readable);
  }

  noted(ask: Ask, brought: Brought, members: number): void {
    const { asked } = this;
    const { entries, total } = brought;
    const isFilled = ask.streams.some((stream) => (entries.get(stream) ?? 0) >= ask.count);
    asked?.plan.noted(ask, brought, members);
    if (total > 0) this.emptied.clear();
    if (asked?.rank === undefined) {
      // One entry where one was asked for says nothing of a backlog.
      this.isContended ||= isFilled && (ask.count > 1 || total > 1);
      return;
    }
    const { rank, isWhole } = asked;
    const isEmptied = isWhole && !isFilled;
    if (isEmptied) this.emptied.add(rank);
    this.turns.noted(rank, total, isEmptied);
  }

  failed(): void {
    for (const { plan } of this.classes) plan.failed();
    this.all.failed();
    this.emptied.clear();
    this.isContended = true;
  }

  /** Of what wildcards bring no class is read. */
  added(stream: StreamState): void {
    const { streams } = this.classOf(stream.rank);
    if (!streams.includes(stream)) streams.push(stream);
    this.emptied.delete(stream.rank);
  }

  dropped(stream: StreamState): void {
    const { streams, plan } = this.classOf(stream.rank);
    const at = streams.indexOf(stream);
    if (at >= 0) streams.splice(at, 1);
    plan.dropped(stream);
    this.all.dropped(stream);
    this.omitted = this.omitted.filter((one) => one !== stream);
  }

  closed(room: Room): readonly StreamState[] {
    return this.all.closed(room);
  }

  get omits(): boolean {
    return this.omitted.length > 0;
  }

  isOutdated(room: Room): boolean {
    const closed = new Set(this.closed(room));
    const isOutdated = this.omitted.some((stream) => !closed.has(stream));
    if (isOutdated) this.omitted = [];
    return isOutdated;
  }

  /** A read of all that have room. */
  private ofAll(readable: readonly StreamState[], room: Room, most: number): Ask | undefined {
    if (room.free < readable.length) return this.oneOf(readable);
    const ask = this.all.next(room);
    if (ask === undefined) return undefined;
    this.asked = { plan: this.all, rank: undefined, isWhole: true };
    if (ask.blocks) this.omitted = this.closed(room);
    return { ...ask, count: Math.min(ask.count, most) };
  }

  /** A read of one entry of what matters more than all that waits: each class in turn, then one that waits for them. */
  private ofAhead({ ahead = 0, ...rest }: Room, due?: readonly StreamState[]): Ask | undefined {
    if (ahead === 0) return undefined;
    const room = { ...rest, free: 1 };
    const above = due?.filter(({ rank }) => rank < ahead);
    const ask = this.ofClass(room, above, ahead);
    if (ask !== undefined || due !== undefined) return ask;
    const readable = this.readable(room).filter(({ rank }) => rank < ahead);
    for (const rank of this.ranks) if (rank < ahead) this.emptied.delete(rank);
    return readable.length === 0 ? undefined : this.oneOf(readable);
  }

  /** A read that waits for one entry. Redis serves a read that has waited from one stream only. */
  private oneOf(streams: readonly StreamState[]): Ask {
    this.omitted = this.streams.filter((stream) => !streams.includes(stream));
    return { streams, count: 1, blocks: true };
  }

  /**
   * How many entries of each stream could start if all had as many. The streams of a pattern with classes share its
   * bound: while nothing waits one of each may be read, so that a lone call costs one read also where one may run.
   */
  private mostOfEach(streams: readonly StreamState[], { free, mayPark }: Room): number {
    const own = new Set(streams.map((stream) => stream.own)).size;
    let most = share(free, streams.length, own);
    for (const stream of streams) {
      if (stream.bound === Number.POSITIVE_INFINITY) continue;
      const room = stream.room(free, mayPark);
      most = Math.min(most, share(room, this.withClasses.has(stream.own) ? RANKS.length : 1, 1));
    }
    return most;
  }

  /** A read of the first class, in their turns, that has room and may have entries. It does not wait. */
  private ofClass(room: Room, due?: readonly StreamState[], below = RANKS.length): Ask | undefined {
    for (const { rank, most } of this.turns.order(this.ranks)) {
      if (rank >= below) continue;
      if (due === undefined && this.emptied.has(rank)) continue;
      const some = due?.filter((stream) => stream.rank === rank);
      if (some?.length === 0) continue;
      const { plan, streams } = this.classOf(rank);
      const its = { ...room, free: Math.min(room.free, most) };
      const ask = plan.next(its, some);
      if (ask === undefined) continue;
      const open = some ?? streams;
      const closed = new Set(plan.closed(its));
      const isWhole = ask.streams.length >= open.filter((stream) => !closed.has(stream)).length;
      this.asked = { plan, rank, isWhole };
      return { ...ask, blocks: false };
    }
    return undefined;
  }

  private classOf(rank: Rank): Class {
    return this.classes[rank] as Class;
  }

  private readable(room: Room): readonly StreamState[] {
    const closed = new Set(this.closed(room));
    return closed.size === 0 ? this.streams : this.streams.filter((stream) => !closed.has(stream));
  }
}

/** Which part of the room each of so many has; at least 1 if it is enough for `few`. */
function share(room: number, many: number, few: number): number {
  return Math.max(Math.floor(room / many), room >= few ? 1 : 0);
}
