import type { GroupKind } from '../../../redis/group-broker.js';
import { IdTable } from '../../id-table.js';
import type { Delivery, HomeStream } from '../run/delivery.js';
import type { PatternState } from './pattern-state.js';

/** A stream that a group reads, and what this process holds of it. */
export class StreamState implements HomeStream {
  readonly patterns = new Map<string, PatternState>();
  /** Everything read and not settled: running, waiting for a slot, waiting for another attempt. */
  readonly held = new IdTable<Delivery>();
  /** Settled while an audit is looking; undefined when none is. */
  settledMeanwhile: Set<string> | undefined;
  /** Events up to this id were there before the group and are not for it. */
  since: string | undefined;
  /** It cannot be read: something else stands under its name, or under that of a key that it needs. */
  isBroken = false;
  /** Its starts are to be noted: it cannot be served while something else stands where they are. */
  notesStarts = false;
  /** Whoever looks after its group is to look whether it can be served. */
  doubted: () => void = () => undefined;
  /** A dead instance left entries of it that its patterns have no room for: they come before new ones. */
  isBehind = false;

  /** @param known all patterns of the group, those of other streams included */
  constructor(
    readonly name: string,
    private readonly known: ReadonlyMap<string, PatternState> = new Map(),
  ) {}

  /** The least bound of its patterns; Infinity where none has one of its own. */
  get bound(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const pattern of this.patterns.values()) least = Math.min(least, pattern.bound);
    return least;
  }

  /** Whether a pattern has a bound of its own whose entries are here, or may come here yet. */
  get mayBeBounded(): boolean {
    for (const { bound } of this.known.values())
      if (bound !== Number.POSITIVE_INFINITY) return true;
    return this.bound !== Number.POSITIVE_INFINITY;
  }

  get kind(): GroupKind {
    let kind: GroupKind = 'e';
    for (const { spec } of this.patterns.values()) {
      if (spec.broadcast) return 'b';
      if (spec.answers) kind = 'r';
    }
    return kind;
  }

  /**
   * How many entries of it could start. Of a lane nobody knows which pattern the next entry is for, so it is
   * asked for what the pattern with the least room can start, and for one at a time while any is at its bound.
   *
   * @param free slots of the process
   * @param mayPark entries may be read that turn out to be for a pattern that is at its bound
   */
  room(free: number, mayPark: boolean): number {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const pattern of this.patterns.values()) {
      const room = pattern.bound - pattern.running - pattern.waiting;
      if (room < least) least = room;
      if (room > most) most = room;
    }
    if (most <= 0) return 0;
    return Math.min(free, least > 0 ? least : mayPark ? 1 : 0);
  }

  /** How many calls of it that were made inside handlers could start. */
  nestedRoom(nested: number): number {
    let most = 0;
    for (const { nestedRoom } of this.patterns.values()) if (nestedRoom > most) most = nestedRoom;
    return Math.min(nested, most);
  }

  /** Starts and ends of its patterns' handlers so far. */
  get moves(): number {
    let moves = 0;
    for (const pattern of this.patterns.values()) moves += pattern.moves;
    return moves;
  }

  /** A pattern of it has no place but those that handlers lend which wait for calls of their own. */
  get isLent(): boolean {
    for (const { isLent } of this.patterns.values()) if (isLent) return true;
    return false;
  }

  /**
   * The pattern of an entry; undefined where the group has no handler for it. Senders may have other lanes
   * configured: a pattern of another stream that is met here is one of this stream's from then on.
   */
  patternOf(named: string | undefined): PatternState | undefined {
    const pattern = named ?? this.name;
    const own = this.patterns.get(pattern);
    if (own !== undefined) return own;
    const other = this.known.get(pattern);
    if (other !== undefined) this.patterns.set(pattern, other);
    return other;
  }

  startRefused(): void {
    this.notesStarts = true;
    this.doubted();
  }

  hold(delivery: Delivery): void {
    this.held.set(delivery);
  }

  holds(delivery: Delivery): boolean {
    return this.held.get(delivery.id, delivery.hash) === delivery;
  }

  has(entry: string): boolean {
    return this.held.has(entry);
  }

  /** It has ended. What took its place, because the entry was claimed anew, stays. */
  release(delivery: Delivery): void {
    if (this.held.delete(delivery)) this.settledMeanwhile?.add(delivery.id);
  }
}
