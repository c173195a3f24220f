import { RANK, type Rank } from './stream-state.js';

/** After so many entries that matter more, one of this class has its turn; nothing matters more than the first. */
const TURN_AFTER = { [RANK.high]: 1, [RANK.normal]: 4, [RANK.low]: 16 };

/** A class, and how many entries of it may be read now. */
export interface Turn {
  readonly rank: Rank;
  readonly most: number;
}

/**
 * The order in which classes of importance are read. What matters more comes first; but after four entries of `high` one of
 * `normal` may be read, and after sixteen of the two one of `low`. Between two reads of the others `high` is looked at once.
 *
 * Invariant: a class is owed as many entries as there are slots, at most. So one that could not be read for a while, because it was
 * paused or broken, makes up for one start of all slots, and not for all that passed it.
 */
export class ClassTurns {
  /** Entries of higher classes that were read since the turn of each. */
  private readonly passed = [0, 0, 0];
  /** The last read brought something of another class than `high`, which is looked at now. */
  private wasTurn = false;

  /** @param slots entries that may run at once */
  constructor(private readonly slots: number) {}

  order(ranks: readonly Rank[]): readonly Turn[] {
    const first = this.wasTurn ? undefined : this.mostOwed(ranks);
    const usual = ranks.map((rank) => ({ rank, most: Number.POSITIVE_INFINITY }));
    if (first === undefined) return usual;
    return [{ rank: first, most: this.owed(first) }, ...usual];
  }

  /** @param isEmptied it has no more */
  noted(rank: Rank, entries: number, isEmptied: boolean): void {
    // If it still was one, `high` could not be read: it is not waited for.
    this.wasTurn = rank > RANK.high && entries > 0 && !this.wasTurn;
    for (const lower of [RANK.normal, RANK.low]) {
      if (lower <= rank) continue;
      const most = TURN_AFTER[lower] * this.slots;
      this.passed[lower] = Math.min(most, (this.passed[lower] ?? 0) + entries);
    }
    const left = (this.passed[rank] ?? 0) - entries * TURN_AFTER[rank];
    this.passed[rank] = isEmptied ? 0 : Math.max(0, left);
  }

  /** Of several that are due, the one that is due the most: where many slots come free at once, each has its share. */
  private mostOwed(ranks: readonly Rank[]): Rank | undefined {
    let first: Rank | undefined;
    for (const rank of ranks) {
      const owed = this.owed(rank);
      if (owed > 0 && owed >= (first === undefined ? 0 : this.owed(first))) first = rank;
    }
    return first;
  }

  private owed(rank: Rank): number {
    return Math.floor((this.passed[rank] ?? 0) / TURN_AFTER[rank]);
  }
}
