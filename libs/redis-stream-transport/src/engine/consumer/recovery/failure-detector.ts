/** Sightings of a missing lease, on the scanner's own monotonic clock. */
interface Absence {
  readonly at: number;
}

/**
 * Two strikes before a consumer counts as dead: at least half a lease and at most two leases apart, with
 * Redis having answered at both. A clock that jumps, a Redis or a scanner that stood still give one
 * strike at most (rule L8).
 */
export class FailureDetector {
  private readonly seen = new Map<string, Absence>();

  constructor(private readonly ttl: number) {}

  /** Notes that a lease is missing; true when this is the second strike. */
  missing(consumer: string, now: number): boolean {
    const first = this.seen.get(consumer);
    if (first === undefined || now - first.at > 2 * this.ttl) {
      this.seen.set(consumer, { at: now });
      return false;
    }
    return now - first.at >= this.ttl / 2;
  }

  /** Milliseconds since the last sign of life of a consumer without a lease, at least. */
  silence(consumer: string, now: number): number {
    const first = this.seen.get(consumer);
    // The lease had run out before it was first missed.
    return first === undefined ? 0 : now - first.at + this.ttl;
  }

  /** Milliseconds until the earliest second strike could be given; undefined when none is missing. */
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
