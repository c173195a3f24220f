import { thrownText } from '../../../thrown.js';
import type { CheckedAnswer } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { aboutEntry, lineOf, patternOf } from './entry-lines.js';
import { Patience } from './patience.js';
import type { ShardContext } from '../membership/shard-context.js';

/** Repeats operations on single entries until Redis has answered them. */
export class Insistence {
  private readonly patience: Patience;

  /** @param eased called when one of them has ended */
  constructor(
    private readonly context: ShardContext,
    eased: () => void,
  ) {
    this.patience = new Patience(context.clock, eased);
  }

  /** Entries that have ended here and wait for Redis to take note. */
  get size(): number {
    return this.patience.size;
  }

  /**
   * Resolves with the answer, or with 'fenced' when the entry is not held any more or `isOver` is true. Never rejects.
   * @param isOver whether the answer is not needed any more
   */
  async on(
    delivery: Delivery,
    operation: () => Promise<CheckedAnswer>,
    isOver: () => boolean = () => false,
  ): Promise<CheckedAnswer> {
    // Not held any more: its name was given up, or the process ends.
    const isWanted = (): boolean => delivery.stream.holds(delivery) && !isOver();
    return (await this.patience.until(isWanted, () => this.ask(delivery, operation))) ?? 'fenced';
  }

  /** Resolves when all operations have ended. */
  settled(): Promise<void> {
    return this.patience.settled();
  }

  /** The lease was renewed: tries again at once. */
  resume(): void {
    this.patience.resume();
  }

  /** The entries are not held any more: gives up all operations. */
  drop(): void {
    this.patience.drop();
  }

  /** Undefined: try again later. */
  private async ask(
    delivery: Delivery,
    operation: () => Promise<CheckedAnswer>,
  ): Promise<CheckedAnswer | undefined> {
    try {
      const answer = await operation();
      if (answer === 'missing' || answer === 'fenced') this.context.identity.doubt(answer);
      return answer === 'missing' ? undefined : answer;
    } catch (error) {
      const line = (): string => lineOf(delivery, 'cannot settle an entry yet');
      this.context.logger.warn(
        `SETTLE_DELAYED ${patternOf(delivery)}`,
        aboutEntry(delivery, () => `${line()}: ${thrownText(error)}`),
      );
      return undefined;
    }
  }
}
