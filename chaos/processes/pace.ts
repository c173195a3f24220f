// When the next burst of calls is due.
import { now } from '../kit/time.js';

export class Pace {
  private credit = 0;
  private since = now();

  /** @param rate calls per second; 0: all at once */
  constructor(public rate: number) {}

  /**
   * Whether a call is due now, and the burst that it begins. After the process stood still, at most the calls of a
   * quarter of a second are made up for.
   */
  isDue(): boolean {
    if (this.rate === 0) return true;
    const t = now();
    const earned = ((t - this.since) * this.rate) / 1000;
    this.credit = Math.min(this.credit + earned, this.rate / 4 + 1);
    this.since = t;
    return this.credit >= 1;
  }

  /** So many calls were made at once. Those that were not due yet are waited for before the next burst. */
  made(calls: number): void {
    this.credit -= calls;
  }
}
