/** Waits until a condition is true that is checked after each change. */
export class Condition {
  private readonly waiting: (() => void)[] = [];

  /** Checks all waiting conditions again. */
  changed(): void {
    for (const look of this.waiting.splice(0)) look();
  }

  /** Resolves when `holds` returns true. Rejects with the error of `broken` if it returns one. */
  async until(holds: () => boolean, broken: () => Error | undefined): Promise<void> {
    while (!holds()) {
      const error = broken();
      if (error !== undefined) throw error;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}
