/** Assumed size of a burst, in entries, before the first one and again after a quiet read. */
const ASSUMED_BURST = 100;
/** Fewest entries worth a read. */
const MIN_COUNT = 4;
/**
 * A read that waited longer than these milliseconds met a new burst. Over a slower network the rest of a burst
 * counts as a new one: shares are smaller then, and still fair.
 */
const NEW_BURST = 2;
/** Part of the difference by which the estimate moves towards a larger or a smaller burst. */
const RISE = 0.5;
const FALL = 0.02;

/** Entries of a burst that comes as packs for each member, as callers lay it out (`sending/pack-widths.ts`). */
const PACKS_EACH = 4;
/** Filled reads in a row that count. */
const MOST_DOUBLED = 10;

/**
 * Says how many entries to ask for in one read. Redis gives all entries that one script adds to *one* blocked
 * reader, up to its COUNT. With several live instances COUNT must therefore be a fair share of a burst, or one
 * instance gets it all. A lone instance asks for all that it can start.
 */
export class FairShare {
  private burst = ASSUMED_BURST;
  /** Entries of the current burst: from reads that brought COUNT, and from the last read, which brought less. */
  private filled = 0;
  private rest = 0;
  /** Reads in a row that were filled at once. */
  private filledReads = 0;

  /**
   * Where callers send packs, the size of a burst says little: 16 entries may be 16 calls or 256. But they are as many
   * for each member, so a read that waits asks for these. After two reads that were filled at once there is a backlog,
   * or a burst of lone calls. Then each read asks for twice as many as the one before.
   *
   * @param packs whether bursts may come as packs
   */
  count(free: number, members: number, concurrency: number, packs: boolean): number {
    if (members <= 1) return free;
    const share = packs ? this.packs() : Math.ceil(this.burst / members);
    const most = Math.max(Math.ceil(concurrency / members), MIN_COUNT);
    return Math.min(free, Math.max(MIN_COUNT, Math.min(share, most)));
  }

  /**
   * The next read asks for more than a share of a burst of packs. It must not wait: the next burst would be filled into
   * it.
   */
  get isGreedy(): boolean {
    return this.filledReads >= 2;
  }

  private packs(): number {
    return this.isGreedy
      ? PACKS_EACH * 2 ** (Math.min(this.filledReads, MOST_DOUBLED) - 1)
      : PACKS_EACH;
  }

  /** Notes what a read of at most `count` entries brought after `waited` milliseconds. */
  noted(entries: number, count: number, members: number, waited: number): void {
    if (waited > NEW_BURST) this.ended(members);
    if (waited > NEW_BURST) this.filledReads = 0;
    this.filledReads = entries >= count ? this.filledReads + 1 : 0;
    if (entries === 0) {
      this.ended(members);
      // Nothing came during a whole block: the estimate is out of date.
      this.burst = ASSUMED_BURST;
      return;
    }
    if (entries >= count) {
      this.filled += entries;
    } else {
      this.rest = entries;
      this.ended(members);
    }
  }

  /**
   * An instance whose read was filled assumes that those of the others were too, so that part is multiplied. The
   * rest goes to one instance only: multiplied, it would make that one ask for too much of the next burst.
   */
  private ended(members: number): void {
    const size = this.filled * members + this.rest;
    if (size > 0) this.burst += (size - this.burst) * (size > this.burst ? RISE : FALL);
    this.filled = 0;
    this.rest = 0;
  }
}
