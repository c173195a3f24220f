import type { Clock } from '../../clock.js';
import type { SectionVerdict } from '../../../redis/verdict.js';
import type { OpenCalls, OutgoingEntry } from './outgoing-entry.js';

/** Calls in a pack at most, where several instances share them: who expects so many has room for them. */
const MOST = 16;
/** The same where nobody shares them: half of what an instance that takes packs can run (docs/decisions/0050-further-attempts.md). */
const MOST_ALONE = 32;
/**
 * Entries for each of several live instances, of all calls of a pattern that are open: a burst must be shared. Readers
 * count on it (PACKS_EACH in `consumer/intake/fair-share.ts`): so one read brings an instance no more than its part of
 * these calls. Calls to a lone instance travel in as few as possible.
 */
const SHARE = 4;
/** Milliseconds for which an answer holds: instances that take no packs may come at any time. */
const ASK_EVERY = 1000;
/** The same for a pattern whose calls leave one by one: of many patterns each call would ask otherwise. */
const ASK_LONE_EVERY = 10_000;
/**
 * Milliseconds for which an answer that names one instance is believed: a service that has grown since would get a burst
 * as packs of which one instance takes all. While calls leave, an answer comes every second.
 */
const ALONE_FOR = 2000;
/**
 * The same of events: nobody sends an event again that an instance without packs took for something else. So an answer counts
 * for little longer than until the next one.
 */
export const EVENTS_FOR = 2000;
/** Milliseconds for which a turn with several calls lets others be expected. An older answer is forgotten. */
const EXPECTED_FOR = 60_000;
/** Patterns that are known; beyond, all are asked for anew. */
const MOST_KNOWN = 10_000;

interface Known {
  /** Live instances, all of which take packs; 0: not all do, or nobody has said. */
  live: number;
  /** Its calls are spread, which must end soon after an instance without has come. */
  isSpread: boolean;
  askedAt: number;
  /** When that was asked: Redis said so then, or later. */
  answeredAt: number;
  /** When several calls left in one turn. */
  severalAt: number;
  readonly open: OpenCalls;
}

/** Knows of which patterns every live instance takes packs, as far as Redis has said so. */
export class PackWidths {
  private readonly known = new Map<string, Known>();

  /** @param believes milliseconds for which an answer counts; until it is forgotten if nothing is said */
  constructor(
    private readonly clock: Clock,
    private readonly believes = EXPECTED_FOR,
  ) {}

  /**
   * How many entries hold the calls of a pattern that leave in one turn; as many: each has its own. The fewer they are
   * of all that are open, the fewer entries they need to be shared.
   */
  entriesFor(pattern: string, calls: readonly OutgoingEntry[]): number {
    const known = this.known.get(pattern);
    const { length } = calls;
    if (known === undefined || known.live === 0) return length;
    if (this.clock.now() - known.answeredAt > this.believes) return length;
    if (known.live === 1) {
      const isFresh = this.clock.now() - known.answeredAt < ALONE_FOR;
      return Math.ceil(length / (isFresh ? MOST_ALONE : MOST));
    }
    const least = Math.ceil(length / MOST);
    const { open } = known;
    for (const call of calls) call.countIn?.(open);
    const part = length / Math.max(length, open.count);
    return Math.max(least, Math.min(length, Math.ceil(part * SHARE * known.live)));
  }

  /** Whether the batch with so many calls of a pattern is to ask; true once in a while for each pattern. */
  asks(pattern: string, calls: number): boolean {
    const now = this.clock.now();
    const known = this.known.get(pattern);
    const severalAt = calls > 1 ? now : (known?.severalAt ?? Number.NEGATIVE_INFINITY);
    if (known === undefined) {
      if (this.known.size >= MOST_KNOWN) this.known.clear();
      const open = { count: 0 };
      const unanswered = { live: 0, isSpread: false, answeredAt: now };
      this.known.set(pattern, { ...unanswered, askedAt: now, severalAt, open });
      return true;
    }
    known.severalAt = severalAt;
    const since = now - known.askedAt;
    const isLone = now - severalAt > EXPECTED_FOR && !known.isSpread;
    if (since < (isLone ? ASK_LONE_EVERY : ASK_EVERY)) return false;
    // What was said is too old.
    if (since > EXPECTED_FOR) known.live = 0;
    known.askedAt = now;
    return true;
  }

  /**
   * What Redis answered to a section that asked.
   * @param at when its batch left first (monotonic, ms): of one that is repeated, Redis tells what it said then
   */
  noted(pattern: string, { takers, spread }: SectionVerdict, at: number): void {
    const known = this.known.get(pattern);
    if (known === undefined || takers === undefined) return;
    known.live = takers;
    known.answeredAt = at;
    known.isSpread = spread !== undefined;
  }
}
