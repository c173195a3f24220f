import type { Answer, GroupBroker } from '../../../redis/group-broker.js';
import type { UnhandledRequest } from './entry-router.js';
import type { Delivery } from '../run/delivery.js';
import { HandOvers } from './hand-overs.js';
import type { Insistence } from '../settle/insistence.js';
import type { ShardContext } from '../membership/shard-context.js';

export interface UnhandledHooks {
  /** The entry was handed to another member, which does not know it yet. */
  handed(consumer: string): void;
}

/** Finds out who is to answer requests that this instance has no handler for (rule L19). */
export class Unhandled {
  private readonly handOvers = new HandOvers();

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly insistence: Insistence,
    private readonly hooks: UnhandledHooks,
  ) {}

  /** @param answer what the caller is told if nobody else answers it */
  decide(delivery: Delivery, { pattern, inTime }: UnhandledRequest, answer: Answer): void {
    const { stream, id } = delivery;
    const { deliveries } = delivery.history;
    const mayHand = inTime && this.handOvers.isFirst(stream.name, id, deliveries);
    void this.insistence
      .on(delivery, async () => {
        const { owner } = this.context;
        const { deadline } = delivery;
        const of = { stream: stream.name, id, pattern, deadline, mayHand };
        const { kind, to } = await this.broker.noHandler(owner, of, answer);
        if (to !== undefined) {
          this.handOvers.note(stream.name, id, deliveries);
          this.hooks.handed(to);
        }
        return kind === 'acked' || kind === 'answered' || kind === 'handed' ? 'ok' : kind;
      })
      .then(() => stream.release(delivery));
  }
}
