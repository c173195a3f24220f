import { timeOf, type Entry, type Malformed, type RawEntry } from '../../../protocol/entry.js';
import type { PackedEntry } from '../../../protocol/pack.js';
import type { HeldEntry } from '../../../redis/entries.js';
import type { Watermark } from '../../../redis/operations/serving/read.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { History } from '../run/history.js';
import type { Delivery } from '../run/delivery.js';
import { Pack } from '../run/pack.js';
import type { Histories } from './histories.js';
import type { PackLooks } from './pack-looks.js';
import type { StreamState } from './stream-state.js';

/** A pack as it was read, claimed or found. */
export interface Packed {
  readonly stream: StreamState;
  readonly raw: RawEntry;
  readonly entry: PackedEntry;
}

/** A call of a pack that is to run, and what is known of it. */
export interface PackMember {
  readonly stream: StreamState;
  readonly raw: RawEntry;
  readonly decoded: Entry | Malformed;
  readonly history: History;
  readonly pack: Pack<Delivery>;
  readonly place: number;
}

export interface PackRouterHooks {
  /** The group that is read. */
  group(): string;
  /** Takes a call of a pack as if it were an entry. */
  enter(
    member: PackMember,
    known: { readonly due: HeldEntry['due']; readonly givenUp: boolean },
  ): void;
}

/** Turns packs into their calls, as far as these have not ended. */
export class PackRouter {
  constructor(
    private readonly context: ShardContext,
    private readonly looks: PackLooks,
    private readonly histories: Histories,
    private readonly hooks: PackRouterHooks,
  ) {}

  /**
   * A pack that was read.
   * @param seen what Redis said, after the read, of packs that must be looked at; undefined: it was not asked
   */
  takeNew(packed: Packed, seen: Watermark | undefined): void {
    const { stream, raw, entry } = packed;
    const { incarnation } = this.context.identity;
    const unread = this.packOf(entry, undefined);
    if (seen?.incarnation === incarnation && timeOf(raw.id) > seen.look) {
      this.open(packed, unread, undefined);
      return;
    }
    stream.held.set(unread);
    this.looks.look(stream, unread, (state) => {
      this.open(packed, state === undefined ? unread : this.packOf(entry, state), undefined);
    });
  }

  /** A pack that was claimed or found. @param givenUp calls, as `Delivery.name` has them, that have no caller any more */
  takeHeld(packed: Packed, held: HeldEntry, givenUp: ReadonlySet<string>): void {
    const state = held.pack?.state;
    const size = packed.entry.members.length;
    const isOurs = state === undefined || state.length === size;
    this.open(packed, this.packOf(packed.entry, isOurs ? state : undefined), held, givenUp);
  }

  private packOf({ id, members, areEvents }: PackedEntry, state: string | undefined) {
    return new Pack<Delivery>(
      id,
      members.length,
      state,
      areEvents ? this.hooks.group() : undefined,
    );
  }

  private open(
    { stream, raw, entry }: Packed,
    pack: Pack<Delivery>,
    held: HeldEntry | undefined,
    givenUp?: ReadonlySet<string>,
  ): void {
    stream.held.set(pack);
    for (const [place, decoded] of entry.members.entries()) {
      if (!pack.isOpen(place)) continue;
      const due = held?.pack?.dues[place];
      const history =
        held === undefined ? this.histories.fresh() : this.histories.ofMember(held, due);
      const isGivenUp = givenUp?.has(`${raw.id}#${place}`) === true;
      this.hooks.enter({ stream, raw, decoded, history, pack, place }, { due, givenUp: isGivenUp });
    }
    // Letters that anybody may have written: without a call that ends, nothing would let go of it.
    if (pack.isEmpty) stream.held.delete(pack);
  }
}
