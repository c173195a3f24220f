import type { BatchSection } from '../../../redis/caller-broker.js';
import type { SectionVerdict } from '../../../redis/verdict.js';
import type { OutgoingEntry } from './outgoing-entry.js';

/**
 * Milliseconds for which a pattern that was ever served counts as served. What says so in Redis lives for a week after
 * the last announcement.
 */
const SERVED_FOR = 60_000;
/**
 * Milliseconds for which a stream that was a tenth full at most is not measured. Together with the age that a batch may
 * have (2 s) all clients of a Redis add fewer entries meanwhile than the rest has room for: some 200,000 a second.
 */
const UNMEASURED_FOR = 2000;
/** Only such bounds of the backlog leave that much room. */
const LEAST_BOUND = 1_000_000;
/** Milliseconds for which an instance that served a pattern in a shard counts as serving it there. */
const LIVE_FOR = 2000;
/** Patterns and streams that are known; beyond, all are asked for anew. */
const MOST_KNOWN = 10_000;

/** What a batch has Redis check for a section, and what it leaves out because it was so a moment ago. */
export class SectionTerms {
  /** Until when a pattern counts as served (monotonic, ms). */
  private readonly served = new Map<string, number>();
  /** Until when a stream is not measured (monotonic, ms). */
  private readonly roomy = new Map<string, number>();

  /** Until when a pattern counts as served by an instance that lives (monotonic, ms). */
  private readonly live = new Map<string, number>();

  /** @param maxBacklog entries that a stream may hold */
  constructor(private readonly maxBacklog: number) {}

  /** @param now monotonic, ms */
  mode(pattern: string, wanted: OutgoingEntry['mode'], now: number): BatchSection['mode'] {
    if (wanted === 3) return now < (this.live.get(pattern) ?? 0) ? 0 : 1;
    return wanted === 2 && now < (this.served.get(pattern) ?? 0) ? 0 : wanted;
  }

  /** Whether the length of the stream is to be looked at. @param now monotonic, ms */
  measures(stream: string, now: number): boolean {
    return this.maxBacklog < LEAST_BOUND || now >= (this.roomy.get(stream) ?? 0);
  }

  /** What Redis did with a section. @param sentAt when it left (monotonic, ms) */
  noted(
    { stream, pattern, mode, measures, ofClass }: BatchSection,
    verdict: SectionVerdict,
    sentAt: number,
  ): void {
    const { refusal, isFilling } = verdict;
    if (mode === 2 && refusal === undefined) note(this.served, pattern, sentAt + SERVED_FOR);
    if (mode === 1) {
      if (refusal === undefined) note(this.live, pattern, sentAt + LIVE_FOR);
      else this.live.delete(pattern);
    }
    if (measures === false || ofClass !== undefined) return;
    if (isFilling === true || refusal !== undefined) this.roomy.delete(stream);
    else note(this.roomy, stream, sentAt + UNMEASURED_FOR);
  }

  /** Redis has lost its memory, or may have. */
  forget(): void {
    this.served.clear();
    this.live.clear();
    this.roomy.clear();
  }
}

function note(known: Map<string, number>, name: string, until: number): void {
  if (known.size >= MOST_KNOWN && !known.has(name)) known.clear();
  known.set(name, until);
}
