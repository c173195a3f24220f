import type { GroupBroker } from '../../../redis/group-broker.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { Delivery } from '../run/delivery.js';
import type { DeadLetterCause } from '../run/ends.js';
import { keyOf } from '../run/keyed-results.js';
import { DEAD_LETTERS_KEPT, deadLetterFields, ownPart } from './dead-letters.js';
import { attemptOf, triesBefore, type EntryLines } from './entry-lines.js';
import type { Insistence } from './insistence.js';
import type { Settler } from './settler.js';

/** Makes dead letters of deliveries that have ended, and answers their callers in the same step. */
export class DeadLetterWriter {
  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly ways: { readonly insistence: Insistence; readonly settler: Settler },
    private readonly lines: EntryLines,
  ) {}

  write(delivery: Delivery, letter: DeadLetterCause): void {
    const { stream, history, entry } = delivery;
    const { reason, detail, thrown } = letter;
    const { options, identity, redisClock, diagnostics } = this.context;
    const answer = this.ways.settler.answer(delivery, letter.kind, letter.payload);
    const attempt = attemptOf(delivery, delivery.pattern.spec.retry ?? options.retry);
    const fields = deadLetterFields(ownPart(delivery), {
      stream: stream.name,
      pattern: entry.pattern ?? stream.name,
      reason,
      detail,
      thrown,
      deliveries: history.deliveries,
      attempts: triesBefore(reason, attempt),
      consumer: delivery.consumer,
      broadcast: this.broker.group !== options.group,
      at: redisClock.now(),
    });
    const dead = {
      stream: stream.name,
      id: delivery.id,
      pack: delivery.packPlace,
      drop: delivery.isRequest,
      answer,
      key: keyOf(delivery),
      kept: DEAD_LETTERS_KEPT,
      fields,
    };
    if (reason === 'untrusted') diagnostics.untrusted(delivery, 'unproven', detail);
    let id = '';
    let asked = 0;
    void this.ways.insistence
      .on(delivery, () => {
        asked++;
        return this.broker.deadLetter(identity.owner, dead, (made) => (id = made));
      })
      .then((told) => {
        if (told === 'ok') {
          this.lines.dead(delivery, letter, attempt, id);
          diagnostics.dead(delivery, letter, id);
        } else if (told === 'lost') this.lines.notDead(delivery, letter, asked);
        stream.release(delivery);
      });
  }
}
