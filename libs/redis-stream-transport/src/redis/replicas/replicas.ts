import type { Connection } from '../connect.js';
import { CommandFailure, toFailure } from '../failure.js';
import type { Link } from '../link.js';
import { questionsOf, type WantedReplicas } from './questions.js';

/** Says whether enough replicas have what was written over a connection (L25). */
export class Replicas {
  /** @param told is told, in words, when too few replicas have something */
  constructor(
    private readonly link: Link,
    private readonly wanted: WantedReplicas,
    private readonly told: (text: string) => void,
  ) {}

  /**
   * Whether enough replicas have all that was sent over this connection until now.
   *
   * @throws CommandFailure `lost`: the connection is gone, and the server that comes next may not have it
   */
  async confirm(on: Connection | undefined): Promise<boolean> {
    if (on === undefined || on !== this.link.current) throw lost();
    const have = await questionsOf(on, this.wanted)
      .ask()
      .catch((error: unknown) => {
        throw this.judged(toFailure(error));
      });
    // Where this shard has left a connection that others still have, it has asked again elsewhere.
    if (on !== this.link.current) throw lost();
    const { count } = this.wanted;
    if (have >= count) return true;
    this.told(
      `${have} of ${count} replicas have what was written; until they have, it does not count as stored`,
    );
    return false;
  }

  /**
   * Runs an operation, and asks about what it wrote. If too few replicas have it, its answer counts as lost: what was
   * written is there, and may not stay. All that ends entries can be repeated after a lost answer.
   *
   * @param wrote whether an operation with this answer has written something, now or before
   */
  async after<T>(operation: () => Promise<T>, wrote: (answer: T) => boolean): Promise<T> {
    const on = this.link.current;
    const answer = await operation();
    if (wrote(answer) && !(await this.confirm(on))) throw this.tooFew();
    return answer;
  }

  tooFew(): CommandFailure {
    const { count, timeout } = this.wanted;
    const who = count === 1 ? 'no replica' : `fewer than ${count} replicas`;
    return new CommandFailure('lost', '', `${who} had it within ${timeout} ms`);
  }

  /** A server that has become a replica cannot say who has it; another one will. */
  private judged(failure: CommandFailure): CommandFailure {
    const isReplica = failure.kind === 'refused' && failure.message.includes('replica instances');
    if (isReplica || failure.moved) this.link.leaveServer(failure, true);
    else if (failure.kind === 'refused') {
      this.told(`replicas cannot be asked: ${failure.message}`);
      return failure;
    }
    return new CommandFailure('lost', failure.reply, failure.message, failure);
  }
}

/** Whether an operation was let through by the lease, so that it may have written something. */
export const underLease = (answer: unknown): boolean => answer !== 'missing' && answer !== 'fenced';

const lost = (): CommandFailure =>
  new CommandFailure('lost', '', 'the connection ended before replicas had answered');
