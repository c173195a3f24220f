import type { CommandFailure } from '../../../redis/failure.js';
import type { CheckedAnswer, GroupBroker, Settlement } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { Patience } from './patience.js';
import { lostFrame } from './reply-text.js';
import type { ShardContext } from '../membership/shard-context.js';
import { SettlementBuilder, type Finished } from './settlement-builder.js';

export interface CheckedSettlerHooks {
  /** It is settled ('ok'), or another instance's ('lost'). */
  resolved(finished: Finished, outcome: 'ok' | 'lost'): void;
  ttlFor(delivery: Delivery): number;
  /** Logs of these positions are full: the settlement with faults for their callers. */
  shortened(
    finished: readonly Finished[],
    settlement: Settlement,
    full: readonly number[],
  ): Settlement;
}

/**
 * Settles entries one by one, and Redis checks the owner of each. Used after a lost answer, a reconnect or a missing
 * lease. Slower than the settlement of a turn, and exact. Values of streamed replies have no owner to check; they are
 * sent in order.
 */
export class CheckedSettler {
  private readonly patience: Patience;
  /** Values of streamed replies that wait, in order. */
  private values: Finished[] = [];
  /** Rises with each `drop()`: operations of an earlier epoch are not repeated. */
  private epoch = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly hooks: CheckedSettlerHooks,
  ) {
    this.patience = new Patience(context.clock);
  }

  /** Operations and values that wait for Redis. */
  get size(): number {
    return this.patience.size + this.values.length;
  }

  /** Values wait here. Later values must not overtake them: a caller keeps few that come out of order. */
  get holdsValues(): boolean {
    return this.values.length > 0;
  }

  add(finished: Finished): void {
    const { values } = this;
    if (finished.final) {
      void this.insist(() => this.settle(finished)).then((told) => this.resolve([finished], told));
      // Values that come in one turn are sent together.
    } else if (values.push(finished) === 1) queueMicrotask(() => void this.drain(values));
  }

  resume(): void {
    this.patience.resume();
  }

  /** Gives up all that waits: it is another instance's now. */
  drop(): void {
    this.epoch++;
    this.patience.drop();
    this.resolve(this.values.splice(0), undefined);
    this.values = [];
  }

  private resolve(finished: readonly Finished[], answer: CheckedAnswer | undefined): void {
    for (const each of finished) this.hooks.resolved(each, answer === 'ok' ? 'ok' : 'lost');
  }

  /**
   * Sends values again in order, as many at a time as a script may hold, until none waits. Callers recognise
   * repeated values by their indexes.
   */
  private async drain(values: Finished[]): Promise<void> {
    while (values.length > 0) {
      let sent = 0;
      const answer = await this.insist(async () => {
        const { owner } = this.context.identity;
        const builder = this.built(values);
        sent = builder.finished.length;
        const settlement = builder.build(owner.consumer);
        const first = await this.broker.settle(owner, settlement);
        if (first.kind !== 'full') return first.kind;
        const shortened = this.hooks.shortened(builder.finished, settlement, first.logs);
        const { kind } = await this.broker.settle(owner, shortened);
        return kind === 'full' ? 'ok' : kind;
      });
      this.resolve(values.splice(0, sent), answer);
    }
  }

  private built(values: readonly Finished[]): SettlementBuilder {
    const builder = new SettlementBuilder();
    for (const each of values) {
      if (builder.wouldOverflow(each)) break;
      builder.add(each, this.hooks.ttlFor(each.delivery));
    }
    return builder;
  }

  /** Repeats until Redis has answered; undefined after `drop()`. */
  private insist(operation: () => Promise<CheckedAnswer>): Promise<CheckedAnswer | undefined> {
    const { epoch } = this;
    const isMine = (): boolean => epoch === this.epoch;
    return this.patience.until(isMine, () => this.ask(operation));
  }

  /** Undefined: try again later. */
  private async ask(operation: () => Promise<CheckedAnswer>): Promise<CheckedAnswer | undefined> {
    try {
      const answer = await operation();
      if (answer === 'missing' || answer === 'fenced') this.context.identity.doubt(answer);
      return answer === 'missing' ? undefined : answer;
    } catch (error) {
      const { kind, message } = error as CommandFailure;
      if (kind === 'refused')
        this.context.logger.error('SETTLE_REFUSED', `settling failed: ${message}`);
      return undefined;
    }
  }

  private settle(finished: Finished): Promise<CheckedAnswer> {
    const { stream, id, history, isRequest, packPlace: pack } = finished.delivery;
    const { owner } = this.context.identity;
    const [log] = this.built([finished]).build(owner.consumer).logs;
    const answer = log && { ...log, lost: lostFrame(owner.consumer, [finished.delivery]) };
    const entry = { stream: stream.name, id, incarnation: history.incarnation, drop: isRequest };
    return this.broker.settleChecked(owner, { ...entry, answer, keyed: finished.keyed, pack });
  }
}
