/** Each bucket ends at this multiple of its beginning, so a quantile is right to about 10 %. */
const GROWTH = 1.2;
const LOG_GROWTH = Math.log(GROWTH);
/** The last bucket begins at 1.2^127 microseconds, about three hours. */
const BUCKETS = 128;

/** Number of durations per bucket, without the empty ones: `[bucket, count]`. */
export type Buckets = readonly (readonly [bucket: number, count: number])[];

/** What somebody says of durations, without what no histogram has. */
export function bucketsIn(said: unknown): Buckets {
  const pairs: readonly unknown[] = Array.isArray(said) ? said : [];
  return pairs.slice(0, BUCKETS).filter(isBucket);
}

function isBucket(pair: unknown): pair is Buckets[number] {
  if (!Array.isArray(pair)) return false;
  const [bucket, count] = pair as unknown[];
  return isWhole(bucket, 0, BUCKETS - 1) && isWhole(count, 1, Number.MAX_SAFE_INTEGER);
}

const isWhole = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;

/** Durations, counted in buckets that grow: half a kilobyte, whatever is recorded. */
export class Histogram {
  private readonly counts = new Uint32Array(BUCKETS);

  record(milliseconds: number): void {
    const micros = milliseconds * 1000;
    const bucket = micros <= 1 ? 0 : Math.floor(Math.log(micros) / LOG_GROWTH);
    const at = Math.min(bucket, BUCKETS - 1);
    this.counts[at] = (this.counts[at] as number) + 1;
  }

  get buckets(): Buckets {
    return Array.from(this.counts.entries()).filter(([, count]) => count > 0);
  }
}

/**
 * The duration, in milliseconds, that this share of all durations do not exceed, to about 10 %; undefined if
 * there are none.
 * @param share 0.5 for the median
 */
export function quantile(buckets: Buckets, share: number): number | undefined {
  const sorted = buckets.toSorted(([one], [other]) => one - other);
  let left = share * sorted.reduce((sum, [, count]) => sum + count, 0);
  for (const [bucket, count] of sorted) {
    left -= count;
    if (left <= 0) return Number((GROWTH ** (bucket + 0.5) / 1000).toPrecision(3));
  }
  return undefined;
}
