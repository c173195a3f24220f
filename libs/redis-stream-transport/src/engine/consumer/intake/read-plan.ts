import { FairShare } from './fair-share.js';
import type { StreamState } from './stream-state.js';

/** One read: which streams, the most entries of each, and whether it blocks until some come. */
export interface Ask {
  readonly streams: readonly StreamState[];
  readonly count: number;
  readonly blocks: boolean;
}

/** What can be asked for at the moment. */
export interface Room {
  /** Entries that can start, over all streams. */
  readonly free: number;
  /** Live members of the group. */
  readonly members: number;
  /** One more entry may be read that has to wait for its pattern. */
  readonly mayPark: boolean;
}

/** What a read brought. */
export interface Brought {
  /** Entries by stream; streams that brought none are left out. */
  readonly entries: ReadonlyMap<StreamState, number>;
  readonly total: number;
  /** Milliseconds that the read took. */
  readonly took: number;
}

/** Decides what the next read asks for: what can start (rule L12). COUNT holds for each stream of a read. */
export interface ReadPlan {
  /** Undefined: nothing can be read now. */
  next(room: Room): Ask | undefined;
  noted(ask: Ask, brought: Brought, members: number): void;
  /** The read failed: any stream may have a backlog by the next read. */
  failed(): void;
  /** Streams that no read may name now. */
  closed(room: Room): readonly StreamState[];
  /** Whether the last ask blocks and leaves out streams that had no room. */
  readonly omits: boolean;
  /** Whether one of the streams that were left out has room now. True only once for each ask. */
  isOutdated(room: Room): boolean;
}

export function readPlan(streams: readonly StreamState[], concurrency: number): ReadPlan {
  return streams.some(({ mayBeBounded }) => mayBeBounded)
    ? new BoundedPlan(streams, concurrency)
    : new EqualPlan(streams, concurrency);
}

/** Takes at most `most` streams, each in its turn. */
class Rotation {
  private first = 0;

  take(streams: readonly StreamState[], most: number): readonly StreamState[] {
    if (streams.length <= most) return streams;
    const taken: StreamState[] = [];
    for (let i = 0; i < most; i++) {
      taken.push(streams[(this.first + i) % streams.length] as StreamState);
    }
    this.first = (this.first + most) % streams.length;
    return taken;
  }
}

/** No pattern has a bound of its own: one read for all streams. */
class EqualPlan implements ReadPlan {
  readonly omits = false;
  private readonly share = new FairShare();
  private readonly rotation = new Rotation();
  /** Number of streams that may have entries: those with some in the last read, or all after a failed one. */
  private active: number;
  /** The last ask named only some of the streams. */
  private isPart = false;
  /** The last read named only some of them and brought nothing: the next one listens to all streams. */
  private listen = false;

  constructor(
    private readonly streams: readonly StreamState[],
    private readonly concurrency: number,
  ) {
    this.active = Math.max(1, streams.length);
  }

  next(room: Room): Ask | undefined {
    const streams = this.streams.some(({ isBroken }) => isBroken)
      ? this.streams.filter(({ isBroken }) => !isBroken)
      : this.streams;
    if (streams.length === 0 || this.isTooFull(room)) return undefined;
    const { free, members } = room;
    if (this.listen) {
      this.listen = false;
      this.isPart = false;
      // Redis serves a blocked read from one stream only, so it brings one entry at most.
      return { streams, count: 1, blocks: true };
    }
    const packs = streams.some((stream) => stream.takesPacks(this.concurrency));
    const most = Math.max(1, Math.floor(free / mostCalls(streams)));
    const wanted = this.share.count(most, members, this.concurrency, packs);
    const count = Math.max(1, Math.floor(wanted / this.active));
    const named = this.rotation.take(streams, free);
    // A read that names only some of the streams must not block: entries of the others would wait.
    this.isPart = named.length < streams.length;
    const mayWait = !(packs && members > 1 && this.share.isGreedy);
    return { streams: named, count, blocks: !this.isPart && mayWait };
  }

  noted({ count }: Ask, { entries, total, took }: Brought, members: number): void {
    this.listen = total === 0 && this.isPart;
    this.active = Math.max(1, entries.size);
    this.share.noted(total, count * this.active, members, took);
  }

  failed(): void {
    this.active = Math.max(1, this.streams.length);
  }

  closed(room: Room): readonly StreamState[] {
    return room.free > 0 && !this.isTooFull(room) ? [] : this.streams;
  }

  private isTooFull({ free, members }: Room): boolean {
    const { streams, concurrency } = this;
    return streams.some((stream) => free < roomForPacks(stream, { members, concurrency }));
  }

  isOutdated(): boolean {
    return false;
  }
}

/**
 * Some patterns have bounds of their own, so streams have different room. COUNT is one number for all streams of a
 * read: the read of all streams asks for what the stream with the least room can start. A stream that had as much
 * as that is _hot_: the next read names hot streams only, those that can be asked for the same number.
 */
class BoundedPlan implements ReadPlan {
  private readonly shares: ReadonlyMap<StreamState, FairShare>;
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

  constructor(
    private readonly streams: readonly StreamState[],
    private readonly concurrency: number,
  ) {
    this.shares = new Map(streams.map((stream) => [stream, new FairShare()]));
  }

  next(room: Room): Ask | undefined {
    const readable: StreamState[] = [];
    const full: StreamState[] = [];
    for (const stream of this.streams)
      (this.roomIn(stream, room) > 0 ? readable : full).push(stream);
    this.omitted = [];
    if (readable.length === 0) return undefined;
    const ofHot = this.forAll ? undefined : this.ofHot(room);
    this.forAll = ofHot === undefined;
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
      const share = this.shares.get(stream) as FairShare;
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

  closed(room: Room): readonly StreamState[] {
    return this.streams.filter((stream) => this.roomIn(stream, room) <= 0);
  }

  get omits(): boolean {
    return this.omitted.length > 0;
  }

  isOutdated(room: Room): boolean {
    const outdated = this.omitted.some((stream) => this.roomIn(stream, room) > 0);
    if (outdated) this.omitted = [];
    return outdated;
  }

  private ofHot(room: Room): Ask | undefined {
    const streams: StreamState[] = [];
    let count = 0;
    for (const stream of this.hot) {
      if (this.roomIn(stream, room) <= 0) continue;
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

  /** How many entries of the stream could start; 0 while entries that a dead instance left come first. */
  private roomIn(stream: StreamState, { free, members, mayPark }: Room): number {
    if (stream.isBehind || stream.isBroken) return 0;
    const room = stream.room(free, mayPark);
    return room < roomForPacks(stream, { members, concurrency: this.concurrency }) ? 0 : room;
  }

  private isGreedy(stream: StreamState, { members }: Room): boolean {
    const share = this.shares.get(stream) as FairShare;
    return members > 1 && share.isGreedy && stream.takesPacks(this.concurrency);
  }

  /** Its fair share, rounded down to a power of two if it is bounded: streams of similar room share a read. */
  private wanted(stream: StreamState, room: Room): number {
    const most = Math.min(stream.bound, this.concurrency);
    const share = this.shares.get(stream) as FairShare;
    const entries = Math.max(1, Math.floor(this.roomIn(stream, room) / stream.callsPerEntry));
    const count = share.count(entries, room.members, most, stream.takesPacks(this.concurrency));
    return stream.bound < this.concurrency ? 2 ** Math.floor(Math.log2(count)) : count;
  }
}

/** Calls per entry where most come together. */
function mostCalls(streams: readonly StreamState[]): number {
  let most = 1;
  for (const stream of streams) most = Math.max(most, stream.callsPerEntry);
  return most;
}

/** Handlers that must be able to start before a pack is asked for. */
const ROOM_FOR_A_PACK = 16;

/**
 * Of several members only one that can start all calls of a pack asks for packs (rule P17): the calls that it cannot
 * start would wait while others have room. One with few slots asks when a quarter of them are free.
 */
function roomForPacks(
  stream: StreamState,
  { members, concurrency }: { readonly members: number; readonly concurrency: number },
): number {
  if (members <= 1 || !stream.expectsPacks) return 0;
  return Math.min(ROOM_FOR_A_PACK, Math.ceil(Math.min(stream.bound, concurrency) / 4));
}
