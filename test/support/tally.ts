/** Counts things by name. */
export class Tally {
  readonly counts = new Map<unknown, number>();

  /** Returns the key, so that a handler may answer with it. */
  add<T>(key: T): T {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    return key;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  /** What was counted more than once. */
  get repeated(): unknown[] {
    return [...this.counts].filter(([, count]) => count > 1).map(([key]) => key);
  }
}

/** The numbers from 0 to one less than `count`. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
