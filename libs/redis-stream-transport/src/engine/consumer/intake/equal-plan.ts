import { FairShare } from './fair-share.js';
import { mostCalls, partOf, roomForPacks, Rotation } from './read-plan.js';
import type { Ask, Brought, ReadPlan, Room } from './read-plan.js';
import type { StreamState } from './stream-state.js';

/** No pattern has a bound of its own: one read for all streams. */
export class EqualPlan implements ReadPlan {
  readonly omits = false;
  private readonly share = new FairShare();
  private readonly rotation = new Rotation();
  /** Number of streams that may have entries: those with some in the last read, or all after a failed one. */
  private active: number;
  /** The last ask named only some of the streams. */
  private isPart = false;
  /** The last read named only some of them and brought nothing: the next one listens to all streams. */
  private listen = false;
  /**
   * Streams of which the last read brought as much as was asked for, though more of them can start: COUNT was small
   * because entries of other streams have more calls each. One read names these only.
   */
  private filled: readonly StreamState[] = [];
  /** Streams that the last ask left out because too few slots were free for a pack. */
  private left: readonly StreamState[] = [];
  /** That read, while it is on its way. */
  private rest: Ask | undefined;

  constructor(
    private readonly streams: readonly StreamState[],
    private readonly concurrency: number,
    private readonly random: () => number,
  ) {
    this.active = Math.max(1, streams.length);
  }

  next(room: Room, due?: readonly StreamState[]): Ask | undefined {
    if (due !== undefined) return this.ofDue(room, due);
    const { mayPark } = room;
    const streams = this.streams.some((stream) => stream.isClosed(mayPark))
      ? this.streams.filter((stream) => !stream.isClosed(mayPark))
      : this.streams;
    this.left = this.isTooFull(room) ? streams : [];
    if (streams.length === 0 || this.left.length > 0) return undefined;
    const { free, members } = room;
    if ((this.rest = this.ofRest(room)) !== undefined) return this.rest;
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

  /** COUNT of all streams together is what can start: each of them may have as many. */
  private ofDue(room: Room, due: readonly StreamState[]): Ask | undefined {
    const { free, members } = room;
    const readable = due.filter(
      (stream) => !stream.isClosed(room.mayPark) && free >= this.leastFor(stream, room),
    );
    this.left = readable.length === due.length ? [] : due.filter((one) => !readable.includes(one));
    if (readable.length === 0) return undefined;
    const packs = readable.some((stream) => stream.takesPacks(this.concurrency));
    const most = Math.max(1, Math.floor(free / mostCalls(readable)));
    const wanted = this.share.count(most, members, this.concurrency, packs);
    const streams = partOf(readable, wanted, members, this.random());
    const count = Math.max(1, Math.floor(wanted / streams.length));
    this.isPart = false;
    this.listen = false;
    return { streams, count, blocks: false, ofDue: true };
  }

  /** What a read left of streams with fewer calls in an entry than the others. It does not wait. */
  private ofRest(room: Room): Ask | undefined {
    const streams = this.filled.filter(({ isOut }) => !isOut);
    this.filled = [];
    const { free, members } = room;
    if (streams.length === 0) return undefined;
    const packs = streams.some((stream) => stream.takesPacks(this.concurrency));
    const most = Math.max(1, Math.floor(free / mostCalls(streams)));
    const wanted = this.share.count(most, members, this.concurrency, packs);
    const count = Math.floor(wanted / streams.length);
    return count === 0 ? undefined : { streams, count, blocks: false };
  }

  noted(ask: Ask, { entries, total, took }: Brought, members: number): void {
    const { count, ofDue, streams } = ask;
    const isRest = ask === this.rest;
    this.rest = undefined;
    if (total === 0 && (isRest || ofDue === true)) return;
    const most = isRest || ofDue === true ? 0 : mostCalls(streams);
    if (most > 1)
      this.filled = streams.filter(
        (stream) => stream.callsPerEntry < most && (entries.get(stream) ?? 0) >= count,
      );
    this.listen = total === 0 && this.isPart;
    this.active = Math.max(1, entries.size);
    this.share.noted(total, count * this.active, members, took);
  }

  failed(): void {
    this.filled = [];
    this.active = Math.max(1, this.streams.length);
  }

  dropped(stream: StreamState): void {
    this.filled = this.filled.filter((one) => one !== stream);
    this.left = this.left.filter((one) => one !== stream);
  }

  closed(room: Room): readonly StreamState[] {
    return room.free > 0 && !this.isTooFull(room) ? [] : this.streams;
  }

  lacking(room: Room): readonly StreamState[] {
    if (this.left.length === 0 || !this.isTooFull(room)) return [];
    return this.left.filter((stream) => !stream.isClosed(room.mayPark));
  }

  private isTooFull(room: Room): boolean {
    return this.streams.some((stream) => room.free < this.leastFor(stream, room));
  }

  private leastFor(stream: StreamState, { members, mayPark }: Room): number {
    if (stream.isClosed(mayPark)) return 0;
    return roomForPacks(stream, { members, concurrency: this.concurrency });
  }

  isOutdated(): boolean {
    return false;
  }
}
