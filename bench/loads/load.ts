// What both loops share: counting and the latency histogram.
import { build } from 'hdr-histogram-js';
import { nowMs } from '../harness/clock.js';

/** Microseconds. */
const LONGEST = 600_000_000;

export interface Mark {
  seconds: number;
  /** answered */
  calls: number;
  errors: number;
  /** calls that were due, but too many were in flight */
  skipped: number;
  callsPerSecond: number;
  p50ms: number | null;
  p99ms: number | null;
  p999ms: number | null;
  maxMs: number | null;
}

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

  /** Ends the load; how many calls were never answered. */
  async stop(): Promise<number> {
    this.running = false;
    return 0;
  }

  answered(ms: number) {
    this.#histogram.recordValue(Math.min(LONGEST, Math.max(1, Math.round(ms * 1000))));
  }

  /** What happened since the last mark. */
  mark(): Mark {
    const now = nowMs();
    const seconds = (now - this.#since) / 1000;
    const histogram = this.#histogram;
    const calls = histogram.totalCount;
    const at = (percentile: number) =>
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
