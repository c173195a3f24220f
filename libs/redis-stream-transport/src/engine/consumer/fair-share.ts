/** Size of a burst that is assumed before one was seen, and again after quiet. */
const ASSUMED_BURST = 100;
/** Fewest entries worth a read. */
const MIN_COUNT = 4;
/** A read that waited longer than this, in milliseconds, met a new burst. */
const NEW_BURST = 5;
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
  private run = 0;
  private full = false;

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
    this.run += entries;
    if (entries >= count) this.full = true;
    else this.ended(members);
  }

  private ended(members: number): void {
    if (this.run > 0) {
      // A burst that never filled a read came to this instance alone.
      const size = this.full ? this.run * members : this.run;
      this.burst += (size - this.burst) * (size > this.burst ? RISE : FALL);
    }
    this.run = 0;
    this.full = false;
  }
}
