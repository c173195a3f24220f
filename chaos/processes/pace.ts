// When the next call is due.
import { now } from '../kit/time.js';

export class Pace {
  private credit = 0;
  private since = now();

  /** @param rate calls per second; 0: all at once */
  constructor(public rate: number) {}

  /**
   * Number of calls that are due now. After the process stood still, at most the calls of a quarter of a second
   * are made up for.
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
