// When the next call is due.
import { now } from '../kit/time.js';

export class Pace {
  private credit = 0;
  private since = now();

  /** @param rate per second; 0: at once */
  constructor(public rate: number) {}

  /**
   * Calls that are due now. What was not made while the process stood still is not made up for at once:
   * a quarter of a second's worth at most.
   */
  due(): number {
    if (this.rate === 0) return Infinity;
    const t = now();
    const earned = ((t - this.since) * this.rate) / 1000;
    this.credit = Math.min(this.credit + earned, this.rate / 4 + 1);
    this.since = t;
    return Math.floor(this.credit);
  }

  made(): void {
    this.credit--;
  }
}
