import type { Clock } from '../../clock.js';

/** Milliseconds after which it is noted anew how often a client sends, and that it sends a pattern for the first time. */
const AGAIN = 30_000;
const SOON = 1000;
/** Patterns that are noted: those that were sent first. */
const MOST = 200;
/** Characters of a note. */
const LONGEST = 16_384;

/** Who sends, as connections are named too. */
export interface Sender {
  readonly application: string;
  readonly process: string;
}

/**
 * Notes in Redis which patterns a client sends, for operators: with the record of the caller, a second after it sends
 * something new, and every half minute while it sends.
 */
export class SentPatterns {
  /** Entries that were stored, by pattern. */
  private readonly counts = new Map<string, number>();
  private readonly since: number;
  private notedAt: number;
  private dueAt = Number.POSITIVE_INFINITY;
  private cancel: () => void = () => undefined;

  /** @param note writes it; it is not tried again before something is sent */
  constructor(
    private readonly sender: Sender,
    private readonly clock: Clock,
    private readonly note: (text: string) => Promise<void>,
  ) {
    this.since = this.notedAt = clock.now();
  }

  /** Entries of a pattern were stored: so the record of the caller is there, for minutes. */
  stored(pattern: string, entries: number): void {
    const before = this.counts.get(pattern);
    if (before === undefined && this.counts.size >= MOST) return;
    this.counts.set(pattern, (before ?? 0) + entries);
    this.later(before === undefined ? SOON : AGAIN);
  }

  stop(): void {
    this.cancel();
  }

  private later(ms: number): void {
    const now = this.clock.now();
    const at = Math.max(now, this.notedAt + ms);
    if (at >= this.dueAt) return;
    this.cancel();
    this.dueAt = at;
    this.cancel = this.clock.after(at - now, () => this.write());
  }

  private write(): void {
    this.notedAt = this.clock.now();
    this.dueAt = Number.POSITIVE_INFINITY;
    // Nothing depends on it.
    this.note(this.text()).catch(() => undefined);
  }

  private text(): string {
    const patterns: string[] = [];
    const head = JSON.stringify({
      ...this.sender,
      for: Math.round(this.notedAt - this.since),
    });
    let room = LONGEST - head.length;
    for (const counted of this.counts) {
      const text = JSON.stringify(counted);
      room -= text.length + 1;
      if (room > 0) patterns.push(text);
    }
    return `${head.slice(0, -1)},"patterns":[${patterns.join(',')}]}`;
  }
}
