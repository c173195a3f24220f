import { compareIds } from '../../../protocol/entry.js';
import type { Priority } from '../../../protocol/priority.js';
import type { GroupKind } from '../../../redis/group-broker.js';
import { IdTable } from '../../id-table.js';
import type { Delivery, HomeStream } from '../run/delivery.js';
import { Pack } from '../run/pack.js';
import type { PatternState } from './pattern-state.js';

/** Entries of one call each after which no packs are expected any more. */
const QUIET = 100;

/** The order of classes of importance: the lower, the sooner. */
export const RANK = { high: 0, normal: 1, low: 2 } as const satisfies Record<Priority, number>;
export type Rank = (typeof RANK)[Priority];

/** A stream that a group reads, and what this process holds of it. */
export class StreamState implements HomeStream {
  readonly patterns = new Map<string, PatternState>();
  /** All entries that were read and are not settled: running, waiting for a slot or for another attempt. */
  readonly held = new IdTable<Delivery | Pack<Delivery>>();
  /** Ids that were settled during an audit; undefined when no audit runs. */
  settledMeanwhile: Set<string> | undefined;
  /** Events up to this id are older than the group and not for it. */
  since: string | undefined;
  /** The id after which a new group of events begins, instead of at the end: the stream came by a wildcard. */
  from: string | undefined;
  /** Requests up to this id were handed to the group before it left the others to another one: it goes on with these. */
  answeredUpTo: string | undefined;
  /** It cannot be read: its key, or one that it needs, holds another type of value, or Redis refuses it. */
  isBroken = false;
  /** Another group may answer its requests, as a wildcard brought it: it is to be claimed anew first. */
  isInDoubt = false;
  /** Entries of it are started once: the key that notes the starts must be usable too. */
  notesStarts = false;
  /** One of its patterns is paused. */
  hasPauses = false;
  /** Asks for a check whether it can be served. */
  doubted: () => void = () => undefined;
  /** A dead instance left entries of it that its patterns have no room for yet: they come before new ones. */
  hasUnclaimed = false;

  /** Calls of an entry, on average over the latest bursts. */
  callsPerEntry = 1;
  /** Entries and calls since the mean was taken. */
  private entriesRead = 0;
  private callsRead = 0;
  /** Entries of one call since the latest pack. */
  private loneEntries = QUIET;

  /**
   * @param known all patterns of the group, those of other streams included
   * @param own the stream whose place it takes for a class of importance
   */
  constructor(
    readonly name: string,
    private readonly known: ReadonlyMap<string, PatternState> = new Map(),
    readonly rank: Rank = RANK.normal,
    readonly own: string = name,
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

  /** It is the stream of a pattern: no lane, and no further one of those over which a pattern is spread. */
  get isOwn(): boolean {
    return this.patterns.has(this.name);
  }

  get kind(): GroupKind {
    // What is not claimed is not registered as answered.
    if (this.isInDoubt) return 'e';
    let kind: GroupKind = 'e';
    for (const { spec } of this.patterns.values()) {
      if (spec.broadcast) return 'b';
      if (spec.answers) kind = 'r';
    }
    return kind;
  }

  /** Whether a request that the group does not answer any more was handed to it while it did. */
  goesOnWith(id: string): boolean {
    return this.answeredUpTo !== undefined && compareIds(id, this.answeredUpTo) <= 0;
  }

  /** Nothing of it may be read, taken over or cleaned. */
  get isOut(): boolean {
    return this.isBroken || this.isInDoubt;
  }

  /**
   * Nothing of it may be read now: it is out, or all that it may bring has to wait for the end of a pause, or so
   * much of that waits here already as may.
   *
   * @param mayPark one more entry may be read that has to wait
   */
  isClosed(mayPark: boolean): boolean {
    return this.isOut || (this.hasPauses && this.isPaused(mayPark));
  }

  private isPaused(mayPark: boolean): boolean {
    let waits = true;
    for (const { pause, isOwing } of this.patterns.values()) {
      if (pause !== undefined && isOwing && !mayPark) return true;
      if (pause?.refuses !== false) waits = false;
    }
    return waits;
  }

  /**
   * How many entries of it could start. The pattern of the next entry of a lane is not known before it is read. So
   * the pattern with the least room decides; while one is at its bound, entries are read one at a time.
   *
   * @param free slots of the process
   * @param mayPark an entry may be read even if its pattern is at its bound
   */
  room(free: number, mayPark: boolean): number {
    if (this.hasPauses && this.isPaused(mayPark)) return 0;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const pattern of this.patterns.values()) {
      const room = pattern.room(mayPark, this.rank);
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
  get progress(): number {
    let progress = 0;
    for (const pattern of this.patterns.values()) progress += pattern.progress;
    return progress;
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
    if (other !== undefined) {
      this.patterns.set(pattern, other);
      this.hasPauses ||= other.pause !== undefined;
    }
    return other;
  }

  /** Packs came lately: a read is to ask which of them must be looked at. */
  get expectsPacks(): boolean {
    return this.loneEntries < QUIET;
  }

  /**
   * A pattern of it takes packs, so bursts may come as packs.
   *
   * @param concurrency handlers of the process that may run at once
   */
  takesPacks(concurrency: number): boolean {
    for (const pattern of this.patterns.values()) {
      const { answers, hears } = pattern.spec;
      if ((answers || hears) && pattern.takesPacks(concurrency)) return true;
    }
    return false;
  }

  /** An entry with so many calls was read. */
  brought(calls: number): void {
    this.entriesRead++;
    this.callsRead += calls;
    this.loneEntries = calls > 1 ? 0 : this.loneEntries + 1;
  }

  /** A read is over. A lone call says nothing of how the calls of a burst come. */
  learn(): void {
    const { entriesRead, callsRead } = this;
    this.entriesRead = 0;
    this.callsRead = 0;
    if (callsRead > 1) this.callsPerEntry = (this.callsPerEntry + callsRead / entriesRead) / 2;
  }

  startRefused(): void {
    this.notesStarts = true;
    this.doubted();
  }

  hold(delivery: Delivery): void {
    if (delivery.pack === undefined) this.held.set(delivery);
    else delivery.pack.hold(delivery);
  }

  holds(delivery: Delivery): boolean {
    const { id, hash, pack } = delivery;
    const held = this.held.get(id, hash);
    return pack === undefined ? held === delivery : held === pack && pack.holds(delivery);
  }

  /** What is held of an entry by this name, as `Delivery.name` has it. */
  named(name: string): Delivery | undefined {
    const hash = name.indexOf('#');
    const held = this.held.get(hash === -1 ? name : name.slice(0, hash));
    if (held instanceof Pack) return held.at(hash === -1 ? 0 : Number(name.slice(hash + 1)));
    return held;
  }

  /** Everything that is held, call by call. */
  deliveries(): Delivery[] {
    return this.held.values().flatMap((one) => (one instanceof Pack ? one.deliveries() : one));
  }

  has(entry: string): boolean {
    return this.held.has(entry);
  }

  /** The delivery has ended. A newer delivery of the same entry stays. */
  release(delivery: Delivery): void {
    const { pack } = delivery;
    if (pack !== undefined && !pack.release(delivery)) return;
    if (this.held.delete(pack ?? delivery)) this.settledMeanwhile?.add(delivery.id);
  }
}
