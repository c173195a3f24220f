/** Lets somebody wait until something that changes now and then has come true. */
export class Condition {
  private readonly waiting: (() => void)[] = [];

  /** Something changed: whoever waits looks again. */
  changed(): void {
    for (const look of this.waiting.splice(0)) look();
  }

  /** Resolves when `holds` is true; rejects with what `broken` returns, if it returns something. */
  async until(holds: () => boolean, broken: () => Error | undefined): Promise<void> {
    while (!holds()) {
      const error = broken();
      if (error !== undefined) throw error;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}
