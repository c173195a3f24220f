import { Histogram, type Buckets } from '../../../protocol/durations.js';
import type { EntryResult } from '../../diagnostics/messages.js';

/** Counts what became of the entries of a pattern in this process, and how long its handlers ran: some additions each. */
export class PatternTally {
  private readonly ends = { answered: 0, handled: 0, failed: 0, refused: 0, retried: 0, dead: 0 };
  /** An operator or the caller wanted these ends: nothing is wrong. */
  private paused = 0;
  private cancelled = 0;
  /** Half a kilobyte, so it is made with the first run. */
  private durations: Histogram | undefined;

  ended(result: EntryResult | 'paused' | 'cancelled'): void {
    // Names that are written out take a nanosecond, a property by a name that varies takes twenty.
    if (result === 'answered') this.ends.answered++;
    else if (result === 'handled') this.ends.handled++;
    else if (result === 'paused') this.paused++;
    else if (result === 'cancelled') this.cancelled++;
    else if (result !== 'left') this.ends[result]++;
  }

  /** A handler ran for so many milliseconds. */
  ran(ms: number): void {
    (this.durations ??= new Histogram()).record(ms);
  }

  /**
   * Numbers of ends, in this order: answered, handled, failed, refused, retried, dead. Neither entries that were left to
   * other instances nor the ends in `wanted` are among them.
   */
  get counts(): readonly number[] {
    return Object.values(this.ends);
  }

  /** Ends that are no success and no error: refused with PAUSED, and cancelled. */
  get wanted(): readonly number[] {
    return [this.paused, this.cancelled];
  }

  get total(): number {
    return [...this.counts, ...this.wanted].reduce((sum, one) => sum + one, 0);
  }

  get buckets(): Buckets {
    return this.durations?.buckets ?? [];
  }
}
