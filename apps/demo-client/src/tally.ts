/** What became of the calls so far. Each one ends in exactly one of answered, failed and lost. */
export interface Summary {
  sent: number;
  answered: number;
  /** An error was the answer. */
  failed: number;
  /** No answer came in time. */
  lost: number;
  events: number;
  perInstance: Record<string, number>;
  p50ms: number;
  p99ms: number;
}

export class Tally {
  sent = 0;
  failed = 0;
  lost = 0;
  events = 0;
  private readonly answeredBy = new Map<string, number>();
  private readonly latencies: number[] = [];

  answer(instance: string, ms: number): void {
    this.answeredBy.set(instance, (this.answeredBy.get(instance) ?? 0) + 1);
    this.latencies.push(ms);
  }

  perInstance(): Record<string, number> {
    return Object.fromEntries([...this.answeredBy].toSorted(([a], [b]) => a.localeCompare(b)));
  }

  summary(): Summary {
    const { sent, failed, lost, events } = this;
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return {
      ...{ sent, answered: sorted.length, failed, lost, events },
      perInstance: this.perInstance(),
      p50ms: percentile(sorted, 0.5),
      p99ms: percentile(sorted, 0.99),
    };
  }
}

function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.max(0, Math.ceil(sorted.length * share) - 1);
  return Math.round((sorted[rank] ?? 0) * 10) / 10;
}
