import type { CheckedAnswer } from '../../redis/group-broker.js';
import type { Delivery } from './delivery.js';
import { lineOf, patternOf } from './entry-lines.js';
import type { ShardContext } from './shard-context.js';
import { thrownText } from '../../thrown.js';

const RETRY_AFTER = 250;

export interface InsistenceHooks {
  leaseDoubt(kind: 'missing' | 'fenced'): void;
}

/** Repeats operations on single entries until Redis has answered them. */
export class Insistence {
  private readonly open = new Set<Promise<CheckedAnswer>>();

  constructor(
    private readonly context: ShardContext,
    private readonly hooks: InsistenceHooks,
  ) {}

  /** Resolves with the answer, or with 'fenced' when the entry is not held any more. Never rejects. */
  on(delivery: Delivery, operation: () => Promise<CheckedAnswer>): Promise<CheckedAnswer> {
    const insisting = this.repeat(delivery, operation).finally(() => this.open.delete(insisting));
    this.open.add(insisting);
    return insisting;
  }

  /** Resolves when everything that is open at this moment has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.open);
  }

  private async repeat(
    delivery: Delivery,
    operation: () => Promise<CheckedAnswer>,
  ): Promise<CheckedAnswer> {
    const { stream, id } = delivery;
    // Abandoned: with the name that it was read under, or because the process ends.
    while (stream.held.get(id) === delivery) {
      try {
        const answer = await operation();
        if (answer === 'missing' || answer === 'fenced') this.hooks.leaseDoubt(answer);
        if (answer !== 'missing') return answer;
      } catch (error) {
        const line = (): string => lineOf(delivery, 'cannot settle an entry yet');
        this.context.logger.warn(
          `entry ${patternOf(delivery)}`,
          () => `${line()}: ${thrownText(error)}`,
        );
      }
      await new Promise<void>((resolve) => this.context.clock.after(RETRY_AFTER, resolve));
    }
    return 'fenced';
  }
}
