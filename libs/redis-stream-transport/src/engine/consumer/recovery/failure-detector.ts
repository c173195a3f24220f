/** The first time that a lease was missing, in monotonic milliseconds of this process. */
interface Absence {
  readonly at: number;
}

/**
 * Counts strikes: a consumer is dead after two, at least half a lease and at most two leases apart. Redis has
 * answered at both. A clock that jumps, or a Redis or a scanner that stood still, causes one strike at most (rule L8).
 */
export class FailureDetector {
  private readonly seen = new Map<string, Absence>();

  constructor(private readonly ttl: number) {}

  /** Notes that a lease is missing. Returns true for the second strike. */
  missing(consumer: string, now: number): boolean {
    const first = this.seen.get(consumer);
    if (first === undefined || now - first.at > 2 * this.ttl) {
      this.seen.set(consumer, { at: now });
      return false;
    }
    return now - first.at >= this.ttl / 2;
  }

  /** Milliseconds for which a consumer without a lease was silent, at least. */
  silence(consumer: string, now: number): number {
    const first = this.seen.get(consumer);
    // The lease had run out before it was first missed.
    return first === undefined ? 0 : now - first.at + this.ttl;
  }

  /** Milliseconds until the earliest possible second strike; undefined when no lease is missing. */
  nextStrike(now: number): number | undefined {
    let next: number | undefined;
    for (const { at } of this.seen.values()) {
      const left = Math.max(0, at + this.ttl / 2 - now);
      if (next === undefined || left < next) next = left;
    }
    return next;
  }

  /** Keeps only consumers that are still listed without a lease. */
  keepOnly(missing: ReadonlySet<string>): void {
    for (const consumer of this.seen.keys()) if (!missing.has(consumer)) this.seen.delete(consumer);
  }
}
