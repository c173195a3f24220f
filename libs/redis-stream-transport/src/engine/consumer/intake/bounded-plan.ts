import { FairShare } from './fair-share.js';
import { partOf, roomForPacks, Rotation } from './read-plan.js';
import type { Ask, Brought, ReadPlan, Room } from './read-plan.js';
import type { StreamState } from './stream-state.js';

/**
 * Some patterns have bounds of their own, so streams have different room. COUNT is one number for all streams of a
 * read: the read of all streams asks for what the stream with the least room can start. A stream that had as much
 * as that is _hot_: the next read names hot streams only, those that can be asked for the same number.
 */
export class BoundedPlan implements ReadPlan {
  private readonly shares = new WeakMap<StreamState, FairShare>();
  private readonly rotation = new Rotation();
  /** Streams whose last read brought COUNT. */
  private readonly hot = new Set<StreamState>();
  /** The next read names all streams with room: reads of all and of hot streams take turns. */
  private forAll = true;
  /** The last ask of all named only some of those with room. */
  private isPart = false;
  /** The last read of all was such a one, and brought nothing. */
  private listen = false;
  /** Streams that the blocking read leaves out because they have no room. */
  private omitted: readonly StreamState[] = [];
  /** Streams that the last ask left out, whether it blocks or not. */
  private left: readonly StreamState[] = [];

  constructor(
    private readonly streams: readonly StreamState[],
    private readonly concurrency: number,
    private readonly random: () => number,
    /** Packs are asked for whatever room there is: in a flood of other classes there is never much. */
    private readonly takesPacksAlways = false,
  ) {}

  next(room: Room, due?: readonly StreamState[]): Ask | undefined {
    const readable: StreamState[] = [];
    const full: StreamState[] = [];
    for (const stream of due ?? this.streams)
      (this.roomIn(stream, room) > 0 ? readable : full).push(stream);
    this.omitted = [];
    this.left = full;
    if (readable.length === 0) return undefined;
    const ofHot = this.forAll ? undefined : this.ofHot(room, due);
    this.forAll = ofHot === undefined;
    if (due !== undefined) return { ...(ofHot ?? this.ofDue(readable, room)), ofDue: true };
    const ask = ofHot ?? this.ofAll(readable, room);
    if (ask.blocks) this.omitted = full;
    return ask;
  }

  noted({ streams, count, blocks }: Ask, brought: Brought, members: number): void {
    const { entries, total, took } = brought;
    for (const stream of streams) {
      const came = entries.get(stream) ?? 0;
      // Added anew, so that the set is in the order of the last reads and each has its turn.
      this.hot.delete(stream);
      if (came >= count) this.hot.add(stream);
      const share = this.shareOf(stream);
      // What a read that does not wait brings nothing of may come later; but nobody asks for more of it now.
      if (came > 0 || (total === 0 && (blocks || share.isGreedy))) {
        share.noted(came, count, members, took);
      }
    }
    this.listen = this.forAll && total === 0 && this.isPart;
    this.forAll = !this.forAll;
  }

  failed(): void {
    this.forAll = true;
  }

  dropped(stream: StreamState): void {
    this.hot.delete(stream);
    this.omitted = this.omitted.filter((one) => one !== stream);
    this.left = this.left.filter((one) => one !== stream);
  }

  closed(room: Room): readonly StreamState[] {
    return this.streams.filter((stream) => this.roomIn(stream, room) <= 0);
  }

  lacking(room: Room): readonly StreamState[] {
    return this.left.filter(
      (stream) =>
        this.leastFor(stream, room) > 0 &&
        this.roomIn(stream, room) <= 0 &&
        this.startable(stream, room) > 0,
    );
  }

  get omits(): boolean {
    return this.omitted.length > 0;
  }

  isOutdated(room: Room): boolean {
    const outdated = this.omitted.some((stream) => this.roomIn(stream, room) > 0);
    if (outdated) this.omitted = [];
    return outdated;
  }

  private ofHot(room: Room, due?: readonly StreamState[]): Ask | undefined {
    const among = due === undefined ? undefined : new Set(due);
    const streams: StreamState[] = [];
    let count = 0;
    for (const stream of this.hot) {
      if (this.roomIn(stream, room) <= 0 || among?.has(stream) === false) continue;
      const wanted = this.wanted(stream, room);
      if (streams.length === 0) count = wanted;
      if (wanted !== count || (streams.length + 1) * count > room.free) continue;
      streams.push(stream);
    }
    return streams.length === 0 ? undefined : { streams, count, blocks: false };
  }

  private ofAll(readable: readonly StreamState[], room: Room): Ask {
    if (this.listen) {
      this.isPart = false;
      return { streams: readable, count: 1, blocks: true };
    }
    const named = this.rotation.take(readable, room.free);
    let count = Math.floor(room.free / named.length);
    for (const stream of named) count = Math.min(count, this.wanted(stream, room));
    this.isPart = named.length < readable.length;
    const mayWait = !named.some((stream) => this.isGreedy(stream, room));
    return { streams: named, count, blocks: !this.isPart && mayWait };
  }

  private ofDue(readable: readonly StreamState[], room: Room): Ask {
    const streams = partOf(readable, room.free, room.members, this.random());
    let count = Math.floor(room.free / streams.length);
    for (const stream of streams) count = Math.min(count, this.wanted(stream, room));
    this.listen = false;
    this.isPart = false;
    return { streams, count, blocks: false };
  }

  /** How many entries of the stream are asked for at most; 0 while too few calls of a pack could start. */
  private roomIn(stream: StreamState, room: Room): number {
    const startable = this.startable(stream, room);
    return startable < this.leastFor(stream, room) ? 0 : startable;
  }

  /** How many entries of the stream could start; 0 while entries that a dead instance left come first. */
  private startable(stream: StreamState, { free, mayPark }: Room): number {
    return stream.hasUnclaimed || stream.isOut ? 0 : stream.room(free, mayPark);
  }

  private leastFor(stream: StreamState, { members }: Room): number {
    if (this.takesPacksAlways) return 0;
    return roomForPacks(stream, { members, concurrency: this.concurrency });
  }

  private shareOf(stream: StreamState): FairShare {
    let share = this.shares.get(stream);
    if (share === undefined) this.shares.set(stream, (share = new FairShare()));
    return share;
  }

  private isGreedy(stream: StreamState, { members }: Room): boolean {
    const share = this.shareOf(stream);
    return members > 1 && share.isGreedy && stream.takesPacks(this.concurrency);
  }

  /** Its fair share, rounded down to a power of two if it is bounded: streams of similar room share a read. */
  private wanted(stream: StreamState, room: Room): number {
    const most = Math.min(stream.bound, this.concurrency);
    const share = this.shareOf(stream);
    const entries = Math.max(1, Math.floor(this.roomIn(stream, room) / stream.callsPerEntry));
    const count = share.count(entries, room.members, most, stream.takesPacks(this.concurrency));
    return stream.bound < this.concurrency ? 2 ** Math.floor(Math.log2(count)) : count;
  }
}
