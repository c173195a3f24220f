import { thrownText } from '../../../thrown.js';
import type { CheckedAnswer } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { lineOf, patternOf } from './entry-lines.js';
import { Patience } from './patience.js';
import type { ShardContext } from '../membership/shard-context.js';

/** Repeats operations on single entries until Redis has answered them. */
export class Insistence {
  private readonly patience: Patience;

  /** @param eased there is an answer for one of them */
  constructor(
    private readonly context: ShardContext,
    eased: () => void,
  ) {
    this.patience = new Patience(context.clock, eased);
  }

  /** Entries that wait for Redis: they are held, although nothing of them runs. */
  get size(): number {
    return this.patience.size;
  }

  /**
   * Resolves with the answer, or with 'fenced' when the entry is not held any more. Never rejects.
   * @param isOver whether nobody waits for the answer any more
   */
  async on(
    delivery: Delivery,
    operation: () => Promise<CheckedAnswer>,
    isOver: () => boolean = () => false,
  ): Promise<CheckedAnswer> {
    // Abandoned: with the name that it was read under, or because the process ends.
    const isWanted = (): boolean => delivery.stream.holds(delivery) && !isOver();
    return (await this.patience.until(isWanted, () => this.ask(delivery, operation))) ?? 'fenced';
  }

  /** Resolves when everything that is open has ended. */
  settled(): Promise<void> {
    return this.patience.settled();
  }

  /** The lease holds: Redis may have an answer now. */
  resume(): void {
    this.patience.resume();
  }

  /** What is held is somebody else's. */
  drop(): void {
    this.patience.drop();
  }

  /** Undefined: not now. */
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
        `entry ${patternOf(delivery)}`,
        () => `${line()}: ${thrownText(error)}`,
      );
      return undefined;
    }
  }
}
