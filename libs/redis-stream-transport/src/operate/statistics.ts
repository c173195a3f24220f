import { quantile } from '../protocol/durations.js';

/** What became of the entries of a pattern in one instance, since its server was made. Of calls of packs each counts. */
export interface PatternCounts {
  readonly pattern: string;
  /** Handlers that run now. */
  readonly running: number;
  /** Entries that were read and have not started. */
  readonly waiting: number;
  /** Ends by result, in the words of `entry.ended` (diagnostics). */
  readonly answered: number;
  readonly handled: number;
  readonly failed: number;
  /** Without those of `paused` and `cancelled`. */
  readonly refused: number;
  readonly retried: number;
  readonly dead: number;
  /** Refused with PAUSED; 0 of instances of earlier releases, which count them as `refused`. */
  readonly paused: number;
  /** Their caller did not wait any more: ended with CANCELLED, or the handler threw when it was told to stop; 0 as above. */
  readonly cancelled: number;
  /** `[bucket, count]` of how long handlers ran; a bucket begins at 1.2^bucket microseconds. */
  readonly durations: readonly (readonly [bucket: number, count: number])[];
}

/** What an instance says that it has done. */
export interface InstanceStatistics {
  readonly service: string;
  readonly consumer: string;
  /** When it said so, in milliseconds since 1970 by Redis' clock. */
  readonly at: number;
  /** Milliseconds since its server was made. */
  readonly up: number;
  /** Handlers that run. */
  readonly running: number;
  /** Entries that were read and have not started. */
  readonly waiting: number;
  /** Patterns that had no room in its answer: those that were called least. */
  readonly more: number;
  /** Those that were called. */
  readonly patterns: readonly PatternCounts[];
}

/** What the instances of services say that they have done. */
export interface Statistics {
  readonly instances: readonly InstanceStatistics[];
  /** Consumers that live and did not answer in time: busy, cut off, or of a version that does not count. */
  readonly silent: readonly string[];
}

/** What instances have done. */
export interface HandledTotals {
  readonly running: number;
  readonly waiting: number;
  /** Entries, or calls of packs, that have ended for good, well or not. */
  readonly ended: number;
  /** Of these: the handler failed, the transport refused, or a dead letter; without `paused` and `cancelled`. */
  readonly errors: number;
  /** Of `ended`: refused with PAUSED, because an operator has paused the pattern. */
  readonly paused: number;
  /** Of `ended`: cancelled, because the caller did not wait any more. */
  readonly cancelled: number;
  /** Attempts after which another one was planned. */
  readonly retries: number;
  /** Of `errors`: dead letters. */
  readonly dead: number;
  /** Milliseconds that handlers ran, to about 10 %; undefined: none did. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Milliseconds in which this happened, of the instance for which it is longest. */
  readonly over: number;
}

/** What the instances of a service have done with a pattern. */
export interface PatternStatistics extends HandledTotals {
  readonly service: string;
  readonly pattern: string;
}

type Counts = Omit<PatternCounts, 'pattern'>;

/**
 * Sums over instances, by service and pattern.
 *
 * @param before an earlier look: what happened since then. Instances that are not in it count only if they were made
 * since. Undefined: since their servers were made
 */
export function patternStatistics(now: Statistics, before?: Statistics): PatternStatistics[] {
  const sums = new Map<string, { service: string; pattern: string; all: Added[] }>();
  for (const added of addedSince(now, before)) {
    const { service, pattern } = added;
    const key = JSON.stringify([service, pattern]);
    const sum = sums.get(key) ?? { service, pattern, all: [] };
    sums.set(key, sum);
    sum.all.push(added);
  }
  return [...sums.values()].map(({ all, ...about }) => Object.assign(about, summed(all)));
}

/** The sum over all instances, services and patterns. @param before as of `patternStatistics` */
export const totalStatistics = (now: Statistics, before?: Statistics): HandledTotals =>
  summed([...addedSince(now, before)]);

/** What an instance did with a pattern, in so many milliseconds. */
interface Added extends Counts {
  readonly service: string;
  readonly pattern: string;
  readonly over: number;
}

function* addedSince(now: Statistics, before: Statistics | undefined): Generator<Added> {
  const earlier = new Map(before?.instances.map((one) => [one.consumer, one]));
  const lastLook = Math.max(0, ...(before?.instances.map(({ at }) => at) ?? []));
  for (const { service, consumer, at, up, patterns } of now.instances) {
    const first = earlier.get(consumer);
    // It lived before, and nobody knows what it had done by then.
    if (before !== undefined && first === undefined && at - up < lastLook) continue;
    const known = new Map(first?.patterns.map((one) => [one.pattern, one]));
    const over = first === undefined ? up : at - first.at;
    for (const counts of patterns) {
      const { pattern } = counts;
      yield { service, pattern, over, ...less(counts, known.get(pattern)) };
    }
  }
}

/** What was added since. */
function less(now: PatternCounts, before: PatternCounts | undefined): Counts {
  if (before === undefined) return now;
  const known = new Map(before.durations);
  const durations = now.durations
    .map(([bucket, count]) => [bucket, Math.max(0, count - (known.get(bucket) ?? 0))] as const)
    .filter(([, count]) => count > 0);
  const added = (of: Exclude<keyof Counts, 'durations'>): number =>
    Math.max(0, now[of] - before[of]);
  return {
    ...{ running: now.running, waiting: now.waiting, durations },
    ...{ answered: added('answered'), handled: added('handled'), failed: added('failed') },
    ...{ refused: added('refused'), retried: added('retried'), dead: added('dead') },
    ...{ paused: added('paused'), cancelled: added('cancelled') },
  };
}

function summed(all: readonly Added[]): HandledTotals {
  const buckets = new Map<number, number>();
  for (const [bucket, count] of all.flatMap(({ durations }) => durations)) {
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  }
  const sum = (of: (one: Counts) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  const errors = sum(({ failed, refused, dead }) => failed + refused + dead);
  const paused = sum((one) => one.paused);
  const cancelled = sum((one) => one.cancelled);
  return {
    ...{ running: sum(({ running }) => running), waiting: sum(({ waiting }) => waiting) },
    ended: errors + paused + cancelled + sum(({ answered, handled }) => answered + handled),
    ...{ paused, cancelled },
    ...{ errors, retries: sum(({ retried }) => retried), dead: sum(({ dead }) => dead) },
    over: all.reduce((most, { over }) => Math.max(most, over), 0),
    ...{ p50: quantile([...buckets], 0.5), p99: quantile([...buckets], 0.99) },
  };
}
