import { encodeFrame } from '../../../protocol/frame.js';
import { MAX_FRAME_LENGTH } from '../../../protocol/limits.js';
import type { CommandFailure } from '../../../redis/failure.js';
import type { Answer, CheckedAnswer, GroupBroker } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
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
 * than the settlement of a turn, and exact. Values of streams have no owner to be asked for; they are sent in order.
 */
export class CheckedSettler {
  private readonly patience: Patience;
  /** Values of streams that wait, in order, by their deliveries; ends that came after them stand behind them. */
  private readonly values = new Map<Delivery, Finished[]>();
  /** Ends that wait by themselves. */
  private ends = 0;
  /** Goes up when everything becomes somebody else's. */
  private epoch = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly hooks: CheckedSettlerHooks,
  ) {
    this.patience = new Patience(context.clock);
  }

  /** What waits for Redis: ends, and streams with values. */
  get size(): number {
    return this.ends + this.values.size;
  }

  /** Values wait. What a handler streams after them must not come before them: callers keep only so many. */
  get holdsValues(): boolean {
    return this.values.size > 0;
  }

  add(finished: Finished): void {
    const { delivery, final } = finished;
    const queue = this.values.get(delivery);
    if (queue !== undefined) queue.push(finished);
    else if (final) void this.end(finished);
    else {
      const begun = [finished];
      this.values.set(delivery, begun);
      // What is in doubt together goes together.
      queueMicrotask(() => void this.drain(delivery, begun));
    }
  }

  resume(): void {
    this.patience.resume();
  }

  /** All of it is somebody else's now. */
  drop(): void {
    this.epoch++;
    this.patience.drop();
    const dropped = [...this.values.values()].flatMap((queue) => queue.splice(0));
    this.values.clear();
    for (const finished of dropped) this.hooks.resolved(finished, 'lost');
  }

  private async end(finished: Finished): Promise<void> {
    this.ends++;
    const answer = await this.insist(() => this.settle(finished));
    this.ends--;
    this.hooks.resolved(finished, answer === 'ok' ? 'ok' : 'lost');
  }

  /** Sends what waits of one delivery, in order and many values at a time, until nothing does. */
  private async drain(delivery: Delivery, queue: Finished[]): Promise<void> {
    while (queue.length > 0) {
      let tried: readonly Finished[] = [];
      const answer = await this.insist(() => {
        tried = together(queue);
        const [first] = tried as [Finished];
        return first.final ? this.settle(first) : this.sendAgain(tried);
      });
      const done = queue.splice(0, tried.length);
      if (queue.length === 0 && this.values.get(delivery) === queue) this.values.delete(delivery);
      for (const each of done) this.hooks.resolved(each, answer === 'ok' ? 'ok' : 'lost');
    }
  }

  /** Repeats until Redis has answered; undefined when it is somebody else's by now. */
  private insist(operation: () => Promise<CheckedAnswer>): Promise<CheckedAnswer | undefined> {
    const { epoch } = this;
    return this.patience.until(
      () => epoch === this.epoch,
      () => this.ask(operation),
    );
  }

  /** Undefined: not now. */
  private async ask(operation: () => Promise<CheckedAnswer>): Promise<CheckedAnswer | undefined> {
    try {
      const answer = await operation();
      if (answer === 'missing' || answer === 'fenced') this.hooks.leaseDoubt(answer);
      return answer === 'missing' ? undefined : answer;
    } catch (error) {
      const { kind, message } = error as CommandFailure;
      if (kind === 'refused') this.context.logger.error('settle', `settling failed: ${message}`);
      return undefined;
    }
  }

  private settle(finished: Finished): Promise<CheckedAnswer> {
    const { delivery, reply, keyed } = finished;
    const answer = reply === undefined ? undefined : this.answer(finished, reply);
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

  /** Values in the middle of a stream: their indexes tell a repetition from news. */
  private async sendAgain(values: readonly Finished[]): Promise<CheckedAnswer> {
    const replies = values.flatMap(({ reply }) => reply ?? []);
    const answer = this.answer(values[0] as Finished, replies.join(','));
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

/** As many values as one frame may hold, or an end by itself. */
function together(queue: readonly Finished[]): readonly Finished[] {
  let length = 0;
  const end = queue.findIndex(({ reply = '', final }, at) => {
    length += reply.length + 1;
    return at > 0 && (final || length > MAX_FRAME_LENGTH);
  });
  return queue.slice(0, queue[0]?.final === true ? 1 : end === -1 ? queue.length : end);
}
