import type { GroupKind } from '../../../redis/group-broker.js';
import { IdTable } from '../../id-table.js';
import type { Delivery, HomeStream } from '../run/delivery.js';
import type { PatternState } from './pattern-state.js';

/** A stream that a group reads, and what this process holds of it. */
export class StreamState implements HomeStream {
  readonly patterns = new Map<string, PatternState>();
  /** All entries that were read and are not settled: running, waiting for a slot or for another attempt. */
  readonly held = new IdTable<Delivery>();
  /** Ids that were settled during an audit; undefined when no audit runs. */
  settledMeanwhile: Set<string> | undefined;
  /** Events up to this id are older than the group and not for it. */
  since: string | undefined;
  /** It cannot be read: its key, or one that it needs, holds another type of value, or Redis refuses it. */
  isBroken = false;
  /** Entries of it are started once: the key that notes the starts must be usable too. */
  notesStarts = false;
  /** Asks for a check whether it can be served. */
  doubted: () => void = () => undefined;
  /** A dead instance left entries of it that its patterns have no room for yet: they come before new ones. */
  isBehind = false;

  /** @param known all patterns of the group, those of other streams included */
  constructor(
    readonly name: string,
    private readonly known: ReadonlyMap<string, PatternState> = new Map(),
  ) {}

  /** The least bound of its patterns; Infinity if none has a bound. */
  get bound(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const pattern of this.patterns.values()) least = Math.min(least, pattern.bound);
    return least;
  }

  /** Whether any pattern whose entries may come here has a bound of its own. */
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
   * How many entries of it could start. The pattern of the next entry of a lane is not known before it is read. So
   * the pattern with the least room decides; while one is at its bound, entries are read one at a time.
   *
   * @param free slots of the process
   * @param mayPark an entry may be read even if its pattern is at its bound
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

  /** How many nested calls of it could start. */
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

  /** All places of one of its patterns are taken by handlers that wait for calls of their own. */
  get isLent(): boolean {
    for (const { isLent } of this.patterns.values()) if (isLent) return true;
    return false;
  }

  /**
   * The pattern of an entry; undefined if the group has no handler. Callers may have other lanes configured: when
   * a pattern of another stream is met here, it belongs to this stream too from then on.
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

  /** The delivery has ended. A newer delivery of the same entry stays. */
  release(delivery: Delivery): void {
    if (this.held.delete(delivery)) this.settledMeanwhile?.add(delivery.id);
  }
}
