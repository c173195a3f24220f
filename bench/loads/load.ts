// What both loops share: counting and the latency histogram.
import { build } from 'hdr-histogram-js';
import { nowMs } from '../harness/clock.mjs';

/** Microseconds. */
const LONGEST = 600_000_000;

/**
 * @typedef {object} Mark
 * @property {number} seconds
 * @property {number} calls answered
 * @property {number} errors
 * @property {number} skipped calls that were due, but too many were in flight
 * @property {number} callsPerSecond
 * @property {number | null} p50ms
 * @property {number | null} p99ms
 * @property {number | null} p999ms
 * @property {number | null} maxMs
 */

export class Load {
  running = false;
  errors = 0;
  skipped = 0;
  #since = nowMs();
  #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: 3,
  });

  start() {
    this.running = true;
    this.#since = nowMs();
  }

  /** Ends the load; how many calls were never answered. @returns {Promise<number>} */
  async stop() {
    this.running = false;
    return 0;
  }

  /** @param {number} ms */
  answered(ms) {
    this.#histogram.recordValue(Math.min(LONGEST, Math.max(1, Math.round(ms * 1000))));
  }

  /** What happened since the last mark. @returns {Mark} */
  mark() {
    const now = nowMs();
    const seconds = (now - this.#since) / 1000;
    const histogram = this.#histogram;
    const calls = histogram.totalCount;
    const at = (/** @type {number} */ percentile) =>
      calls === 0 ? null : histogram.getValueAtPercentile(percentile) / 1000;
    const mark = {
      seconds,
      calls,
      errors: this.errors,
      skipped: this.skipped,
      callsPerSecond: calls / seconds,
      p50ms: at(50),
      p99ms: at(99),
      p999ms: at(99.9),
      maxMs: calls === 0 ? null : histogram.maxValue / 1000,
    };
    histogram.reset();
    this.errors = 0;
    this.skipped = 0;
    this.#since = now;
    return mark;
  }
}
