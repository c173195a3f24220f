/** Size of a burst that is assumed before one was seen, and again after quiet. */
const ASSUMED_BURST = 100;
/** Fewest entries worth a read. */
const MIN_COUNT = 4;
/**
 * A read that waited longer than this, in milliseconds, met a new burst. Where the way to Redis takes longer,
 * the rest of a burst is taken for a new one: shares are smaller then, and fair.
 */
const NEW_BURST = 2;
/** How fast the estimate follows larger and smaller bursts. */
const RISE = 0.5;
const FALL = 0.02;

/**
 * How much to ask for in one read. Entries that one script adds all go to *one* blocked reader, up to
 * its COUNT, so with several live instances COUNT must be a fair share of a burst, or one of them gets
 * it all; a lone instance asks for all it can start.
 */
export class FairShare {
  private burst = ASSUMED_BURST;
  /** Entries of the burst that is going on: of reads that were filled, and of the one that was not. */
  private filled = 0;
  private rest = 0;

  count(free: number, members: number, concurrency: number): number {
    if (members <= 1) return free;
    const share = Math.ceil(this.burst / members);
    const most = Math.max(Math.ceil(concurrency / members), MIN_COUNT);
    return Math.min(free, Math.max(MIN_COUNT, Math.min(share, most)));
  }

  /** Notes what a read of at most `count` entries brought after `waited` milliseconds. */
  noted(entries: number, count: number, members: number, waited: number): void {
    if (waited > NEW_BURST) this.ended(members);
    if (entries === 0) {
      this.ended(members);
      // Nothing came for a whole block: what was learnt is old.
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
   * Whoever filled a read assumes that the others did. What is left over in the end goes to one of them: if
   * each counted it for all, whoever got it would ask for too much of the next burst.
   */
  private ended(members: number): void {
    const size = this.filled * members + this.rest;
    if (size > 0) this.burst += (size - this.burst) * (size > this.burst ? RISE : FALL);
    this.filled = 0;
    this.rest = 0;
  }
}
