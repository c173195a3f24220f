import { REPLY } from '../../../protocol/frame.js';
import type { Answer, GroupBroker } from '../../../redis/group-broker.js';
import type { UnhandledRequest } from './entry-router.js';
import type { Delivery } from '../run/delivery.js';
import { faultText } from '../run/ends.js';
import { HandOvers } from './hand-overs.js';
import type { Insistence } from '../settle/insistence.js';
import type { Settler } from '../settle/settler.js';
import type { ShardContext } from '../membership/shard-context.js';

export interface UnhandledHooks {
  /** The entry was handed to another member, which does not know it yet. */
  handed(consumer: string): void;
}

/** Two ways to end an entry: by an operation of its own, or by a settlement. */
export interface UnhandledWays {
  readonly insistence: Insistence;
  readonly settler: Settler;
}

/** Finds out which instance answers a request that this one has no handler for (rule L19). */
export class Unhandled {
  private readonly handOvers = new HandOvers();

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly ways: UnhandledWays,
    private readonly hooks: UnhandledHooks,
  ) {}

  decide(delivery: Delivery, { pattern, inTime, payload }: UnhandledRequest): void {
    const { insistence, settler } = this.ways;
    const { stream, id, deadline } = delivery;
    const { deliveries } = delivery.history;
    const mayHand = inTime && this.handOvers.isFirst(stream.name, id, deliveries);
    const answer = settler.answer(delivery, REPLY.fault, payload) as Answer;
    let asked = false;
    let isAnswered = false;
    const isOver = (): boolean => asked && this.context.redisClock.now() >= deadline;
    const ask = async () => {
      asked = true;
      const pack = delivery.packPlace;
      const of = { stream: stream.name, id, pattern, deadline, mayHand, pack };
      const { kind, to } = await this.broker.noHandler(this.context.identity.owner, of, answer);
      isAnswered = kind === 'answered';
      if (to !== undefined) {
        this.handOvers.note(stream.name, id, deliveries);
        this.hooks.handed(to);
      }
      return kind === 'acked' || kind === 'answered' || kind === 'handed' ? 'ok' : kind;
    };
    void insistence.on(delivery, ask, isOver).then((told) => {
      // Redis has not decided until the deadline, so the caller no longer waits.
      const isLate = told === 'fenced' && isOver() && stream.holds(delivery);
      if (isLate) settler.refuse(delivery, LATE);
      else stream.release(delivery);
      const { diagnostics } = this.context;
      if (isAnswered && inTime) diagnostics.ended(delivery, 'refused', 'NO_HANDLER');
      else if (isAnswered || isLate) diagnostics.ended(delivery, 'refused', 'TIMEOUT');
      else diagnostics.ended(delivery, 'left');
    });
  }
}

/** Another group may have run it. */
const LATE = faultText(
  'TIMEOUT',
  'the deadline passed before it was known who answers',
  'may-have-run',
);
