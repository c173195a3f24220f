import { encodeFrame } from '../../../protocol/frame.js';
import type { CommandFailure } from '../../../redis/failure.js';
import type { Answer, CheckedAnswer, GroupBroker } from '../../../redis/group-broker.js';
import { Patience } from './patience.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { Finished } from './settlement-builder.js';

export interface CheckedSettlerHooks {
  /** Redis no longer knows the lease, or knows another's. */
  leaseDoubt(kind: 'missing' | 'fenced'): void;
  /** What was finished is settled, or somebody else's. */
  resolved(finished: Finished, outcome: 'ok' | 'lost'): void;
  ttlFor(finished: Finished): number;
}

/**
 * Settles entries one by one, asking Redis who owns each: after a lost answer, a reconnect, a missing
 * lease, and for entries that are special (started once only, with an idempotency key, or with a note). Slower
 * than the settlement of a turn, and exact.
 */
export class CheckedSettler {
  private readonly patience: Patience;
  /** Goes up when everything becomes somebody else's. */
  private epoch = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly hooks: CheckedSettlerHooks,
  ) {
    this.patience = new Patience(context.clock);
  }

  /** What waits for Redis. */
  get size(): number {
    return this.patience.size;
  }

  add(finished: Finished): void {
    const { epoch } = this;
    void this.patience
      .until(
        () => epoch === this.epoch,
        () => this.ask(finished),
      )
      .then((answer) => this.hooks.resolved(finished, answer === 'ok' ? 'ok' : 'lost'));
  }

  resume(): void {
    this.patience.resume();
  }

  /** All of it is somebody else's now. */
  drop(): void {
    this.epoch++;
    this.patience.drop();
  }

  /** Undefined: not now. */
  private async ask(finished: Finished): Promise<CheckedAnswer | undefined> {
    try {
      const answer = await this.settle(finished);
      if (answer === 'missing' || answer === 'fenced') this.hooks.leaseDoubt(answer);
      return answer === 'missing' ? undefined : answer;
    } catch (error) {
      const { kind, message } = error as CommandFailure;
      if (kind === 'refused') this.context.logger.error('settle', `settling failed: ${message}`);
      return undefined;
    }
  }

  private settle(finished: Finished): Promise<CheckedAnswer> {
    const { delivery, reply, final, keyed } = finished;
    const answer = reply === undefined ? undefined : this.answer(finished, reply);
    // A value in the middle of a stream: sent again, its index tells a repetition from news.
    if (!final) return this.sendAgain(answer);
    const { stream, id, history, isRequest } = delivery;
    const { owner } = this.context;
    return this.broker.settleChecked(owner, {
      stream: stream.name,
      id,
      incarnation: history.incarnation,
      drop: isRequest,
      answer,
      keyed,
    });
  }

  private async sendAgain(answer: Answer | undefined): Promise<CheckedAnswer> {
    if (answer === undefined) return 'ok';
    const result = await this.broker.settle(this.context.owner, {
      logs: [{ ...answer, force: true }],
      streams: [],
    });
    return result.kind === 'full' ? 'ok' : result.kind;
  }

  private answer(finished: Finished, reply: string): Answer {
    return {
      caller: finished.delivery.entry.header.caller as string,
      frame: encodeFrame(this.context.owner.consumer, reply),
      ttlMs: this.hooks.ttlFor(finished),
    };
  }
}
