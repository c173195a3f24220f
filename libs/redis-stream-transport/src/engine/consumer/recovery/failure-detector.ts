/** The first time that a lease was missing, in monotonic milliseconds of this process. */
interface Absence {
  readonly at: number;
  /** Milliseconds until the second one counts. */
  readonly apart: number;
}

/**
 * Counts strikes: a consumer is dead after two, at least half a lease and at most two leases apart, or at least as far
 * apart as is said and at most four times as far. Redis has answered at both. A clock that jumps, or a Redis or a
 * scanner that stood still, causes one strike at most (rules L8 and L23).
 */
export class FailureDetector {
  private readonly seen = new Map<string, Absence>();

  constructor(private readonly ttl: number) {}

  /** How many consumers have one strike. */
  get suspects(): number {
    return this.seen.size;
  }

  /** Notes that a lease is missing. Returns true for the second strike. @param apart milliseconds */
  missing(consumer: string, now: number, apart = this.ttl / 2): boolean {
    const first = this.seen.get(consumer);
    if (first === undefined || now - first.at > 4 * apart) {
      this.seen.set(consumer, { at: now, apart });
      return false;
    }
    return now - first.at >= apart;
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
    for (const { at, apart } of this.seen.values()) {
      const left = Math.max(0, at + apart - now);
      if (next === undefined || left < next) next = left;
    }
    return next;
  }

  /** Keeps only consumers that are still listed without a lease. */
  keepOnly(missing: ReadonlySet<string>): void {
    for (const consumer of this.seen.keys()) if (!missing.has(consumer)) this.seen.delete(consumer);
  }
}
