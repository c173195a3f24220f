/** Milliseconds over which is counted. */
const INTERVAL = 1000;
/** Names of streams of others, in an interval, that are too many if they are most of what is told. */
const MOST = 20_000;
/** So many times as many as our own. */
const TIMES = 4;

/** Notices that nearly all that Redis tells is about streams of other services, and much. */
export class Flood {
  private since = 0;
  private ours = 0;
  private others = 0;

  /** @param now monotonic milliseconds */
  isMet(now: number, ours: number, others: number): boolean {
    if (now - this.since > INTERVAL) {
      this.since = now;
      this.ours = 0;
      this.others = 0;
    }
    this.ours += ours;
    this.others += others;
    return this.others > MOST && this.others > TIMES * this.ours;
  }
}
