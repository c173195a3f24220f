// When the next call is due.
import { now } from '../kit/time.mjs';

export class Pace {
  #rate;
  #since = now();
  #due = 0;

  /** @param {number} rate per second; 0: at once */
  constructor(rate) {
    this.#rate = rate;
  }

  set rate(rate) {
    this.#rate = rate;
  }

  /**
   * Calls that are due now. What was not made while the process stood still is not made up for at once:
   * a quarter of a second's worth at most.
   */
  due() {
    if (this.#rate === 0) return Infinity;
    const t = now();
    this.#due = Math.min(this.#due + ((t - this.#since) * this.#rate) / 1000, this.#rate / 4 + 1);
    this.#since = t;
    return Math.floor(this.#due);
  }

  made() {
    this.#due--;
  }
}
