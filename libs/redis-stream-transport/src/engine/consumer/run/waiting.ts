/** Starts of what matters more, beside what waits of a class, after which one of that comes first: by its rank. */
const MOST_PASSED = [0, 4, 16];

/** How many wait in each class of importance, and how many of higher classes have started meanwhile. */
export class Waiting {
  size = 0;
  private readonly counts = [0, 0, 0];
  private passed = 0;

  /** @param by 1: one more waits; -1: one less does */
  changed(rank: number, by: 1 | -1): void {
    this.size += by;
    this.counts[rank] = (this.counts[rank] ?? 0) + by;
  }

  /** One of this class has started. */
  started(rank: number): void {
    this.passed = this.size > 0 && this.first > rank ? this.passed + 1 : 0;
  }

  /**
   * Where everything that waits matters less, one entry may be read although it cannot start yet: it starts before what
   * waits. This is so for classes below this number; 0: for none. What waits has its turn too.
   */
  get ahead(): number {
    if (this.size === 0) return 0;
    const { first } = this;
    return this.passed < (MOST_PASSED[first] ?? 0) ? first : 0;
  }

  private get first(): number {
    return this.counts.findIndex((count) => count > 0);
  }
}
