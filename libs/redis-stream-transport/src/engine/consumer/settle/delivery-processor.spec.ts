import { shardContext } from '../../../../../../test/support/shard-context.js';
import { REPLY } from '../../../protocol/frame.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import type { Delivery } from '../run/delivery.js';
import type { Dispatcher } from '../run/dispatcher.js';
import { DeliveryProcessor } from './delivery-processor.js';

/** What happens, in order, when a call ends. */
function orderOf(suspect: boolean): string[] {
  const order: string[] = [];
  const context = shardContext({ options: { replyTtl: 60_000 } });
  const broker = {
    settle: () => {
      order.push('settled');
      return Promise.resolve({ kind: 'ok', logs: [] });
    },
  } as unknown as GroupBroker;
  // The dispatcher begins what waits as soon as one has ended.
  const dispatcher = { finished: () => order.push('others begin'), eased: () => undefined };
  const processor = new DeliveryProcessor({
    ...{ context, broker, starts: {} as StartBroker, streams: [] },
    dispatcher: dispatcher as unknown as Dispatcher,
    hooks: { run: () => undefined, handed: () => undefined },
  });
  const { generation } = context.identity;
  const delivery = {
    ...{ id: '1-1', isRequest: true, once: false, takeIndex: () => 0 },
    stream: { name: 's', release: () => undefined },
    pattern: { tally: { ended: () => undefined } },
    entry: { header: { caller: 'c', call: '1', timeout: 0 } },
    history: { generation, suspect, attempts: 0, spared: 0, incarnation: '' },
  } as unknown as Delivery;
  processor.reply(delivery, REPLY.last, '1', true);
  return order;
}

it('what ran apart is settled before others begin, because one of them may kill the process', () => {
  expect(orderOf(true)).toEqual(['settled', 'others begin']);
});

it('the end of others waits for what ends with them', () => {
  expect(orderOf(false)).toEqual(['others begin']);
});
