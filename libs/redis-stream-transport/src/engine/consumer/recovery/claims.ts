import type { GroupBroker } from '../../../redis/group-broker.js';
import type { HeldEntry } from '../../../redis/entries.js';
import type { LeaseBroker } from '../../../redis/lease-broker.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { Isolation } from '../run/isolation.js';
import type { StreamState } from '../intake/stream-state.js';
import type { TakeOverLines } from './take-over-lines.js';

/** Most entries of one claim. */
const MAX_PAGE = 100;
/** Milliseconds until a dead consumer's stream without nested calls is searched again: it gets no new ones. */
const LOOK_AGAIN = 1000;

/** What the dispatcher tells about its room. */
export interface ClaimRoom {
  /** One more entry may be taken that has to wait for its pattern. */
  readonly mayPark: boolean;
  /** There is room for a suspect: an entry on its last permitted delivery. */
  readonly takesSuspect: boolean;
  /** Keeps others from beginning while a suspect is claimed: they could end the process, and its last delivery with it. */
  readonly isolation: Pick<Isolation, 'expect' | 'expected'>;
  /** Slots for nested calls (made inside handlers); 0 as long as no handler waits for one. */
  readonly nested: number;
}

export interface ClaimsHooks {
  /** @param notices cancellations that the dead consumer has not collected */
  claimed(stream: StreamState, entries: readonly HeldEntry[], notices: readonly string[]): void;
  /** This instance may take something. */
  mayClaim(): boolean;
  /** Entries that can start, over all streams. */
  free(): number;
  readonly room: ClaimRoom;
}

/**
 * Claims what can start of what dead consumers left. When there is no room it claims nested calls only: the
 * handlers that hold the slots may wait for them.
 */
export class Claims {
  private unclaimed = false;
  /** Streams of which entries were left because their patterns have no room. */
  private readonly full = new Set<StreamState>();
  /** Nested calls may have been left because no slot was free. */
  private nestedLeft = false;
  /** Streams of which nested calls may have been left because their patterns have no room. */
  private readonly nestedFull = new Set<StreamState>();
  /** By consumer and stream: monotonic milliseconds of the last search that found no nested call. */
  private readonly searched = new Map<string, Map<StreamState, number>>();
  private stopped = true;

  constructor(
    private readonly context: ShardContext,
    private readonly redis: { readonly broker: GroupBroker; readonly leases: LeaseBroker },
    private readonly lines: TakeOverLines,
    private readonly hooks: ClaimsHooks,
  ) {}

  /** Entries were left because no slot was free. */
  get hasUnclaimed(): boolean {
    return this.unclaimed;
  }

  /** There is room now for some of the entries that were left, as far as this process knows. */
  get canGoOn(): boolean {
    if (!this.hooks.mayClaim() || (!this.unclaimed && this.full.size === 0)) return false;
    const free = this.hooks.free();
    const { mayPark, nested } = this.hooks.room;
    if (free > 0 && this.unclaimed) return true;
    if (this.nestedLeft && nested > 0 && mayPark) return true;
    for (const stream of this.nestedFull) if (stream.nestedRoom(nested) > 0) return true;
    return free > 0 && [...this.full].some((stream) => stream.room(free, mayPark) > 0);
  }

  start(): void {
    this.stopped = false;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Forgets what was left: a new scan begins. */
  beginAnew(): void {
    this.unclaimed = false;
    for (const stream of this.full) stream.hasUnclaimed = false;
    this.full.clear();
    this.nestedLeft = false;
    this.nestedFull.clear();
  }

  /** Forgets all other consumers. */
  keepOnly(dead: readonly string[]): void {
    for (const name of this.searched.keys()) if (!dead.includes(name)) this.searched.delete(name);
  }

  /**
   * Claims of one consumer and stream what has room. Returns `suspects` if suspects are left, and `stop` if nothing
   * more has room, of other consumers and streams either.
   * @param suspects claim suspects only, one at a time
   */
  async claim(
    name: string,
    stream: StreamState,
    suspects: boolean,
  ): Promise<'done' | 'suspects' | 'stop'> {
    try {
      return await this.claimAll(name, stream, suspects);
    } finally {
      if (suspects) this.hooks.room.isolation.expected();
    }
  }

  private async claimAll(
    name: string,
    stream: StreamState,
    suspects: boolean,
  ): Promise<'done' | 'suspects' | 'stop'> {
    const { owner } = this.context.identity;
    // The next scan finds it again.
    if (stream.isInDoubt) return 'done';
    let from = '-';
    let suspectsLeft = false;
    for (;;) {
      // What has no room is left to other instances, or to the next free slot.
      if (this.stopped || !this.context.identity.mayStart || !this.hooks.mayClaim()) return 'stop';
      if (suspects && !this.hooks.room.takesSuspect) return 'stop';
      const room = this.roomOf(stream);
      const nested = room <= 0;
      if (nested && !suspects && this.wasSearched(name, stream)) return 'done';
      const count = nested ? this.nestedRoomOf(stream) : room;
      if (count <= 0) return this.unclaimed && this.hooks.room.nested <= 0 ? 'stop' : 'done';
      const { maxDeliveries } = this.context.options;
      const which = { count, permitted: maxDeliveries, suspects, nestedFrom: nested ? from : '' };
      // Where no slot is free, nothing else begins.
      if (suspects && !nested) this.hooks.room.isolation.expect();
      const answer = await this.redis.broker.claim(owner, name, stream.name, which);
      if (owner !== this.context.identity.owner) return 'stop';
      if (answer === 'missing' || answer === 'fenced') {
        this.context.identity.doubt(answer);
        return 'stop';
      }
      if (answer === 'alive') return 'done';
      if (answer === 'suspects') return 'suspects';
      if (answer === 'empty') {
        if (suspectsLeft) return 'suspects';
        if (nested) this.nothingIn(name, stream);
        return 'done';
      }
      if ('searchedTo' in answer) {
        from = `(${answer.searchedTo}`;
        suspectsLeft ||= answer.suspects;
        continue;
      }
      // Read after the claim: a caller that cancels from here on finds the new owner.
      const notices = await this.redis.leases.notices(name);
      if (owner !== this.context.identity.owner) return 'stop';
      this.lines.taken(name, answer.length);
      const { diagnostics, redisClock } = this.context;
      diagnostics.takenOver(name, stream.name, answer, redisClock.now());
      this.hooks.claimed(stream, answer, notices);
    }
  }

  /** Entries of the stream that can start; notes what was left if there is no room. */
  private roomOf(stream: StreamState): number {
    const free = this.hooks.free();
    if (free <= 0) {
      this.unclaimed = true;
      return 0;
    }
    // A stream whose patterns have no room must not keep other streams waiting.
    const room = Math.min(MAX_PAGE, stream.room(free, this.hooks.room.mayPark));
    if (room <= 0) {
      stream.hasUnclaimed = true;
      this.full.add(stream);
    }
    return room;
  }

  private nestedRoomOf(stream: StreamState): number {
    const { nested, mayPark } = this.hooks.room;
    if (nested <= 0 || !mayPark) {
      this.nestedLeft = true;
      return 0;
    }
    const room = Math.min(MAX_PAGE, stream.nestedRoom(nested));
    if (room <= 0) this.nestedFull.add(stream);
    return room;
  }

  private wasSearched(name: string, stream: StreamState): boolean {
    const at = this.searched.get(name)?.get(stream);
    return at !== undefined && this.context.clock.now() - at < LOOK_AGAIN;
  }

  private nothingIn(name: string, stream: StreamState): void {
    let known = this.searched.get(name);
    if (known === undefined) this.searched.set(name, (known = new Map()));
    known.set(stream, this.context.clock.now());
  }
}
