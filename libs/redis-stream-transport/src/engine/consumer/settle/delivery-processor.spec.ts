import { shardContext } from '../../../../../../test/support/shard-context.js';
import { REPLY } from '../../../protocol/frame.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import type { Delivery } from '../run/delivery.js';
import type { Dispatcher } from '../run/dispatcher.js';
import type { DeadLetterCause, FailedAttempt } from '../run/ends.js';
import { DeliveryProcessor } from './delivery-processor.js';

const RETRY = { attempts: 3, delay: 100, maxDelay: 1000, factor: 2, jitter: 0 };

/** What happens, in order, when a delivery ends. */
function orderOf(
  suspect: boolean,
  end: (processor: DeliveryProcessor, delivery: Delivery) => void,
): string[] {
  const order: string[] = [];
  const context = shardContext({ options: { replyTtl: 60_000, retry: RETRY } });
  const said = <T>(what: string, answer: T) => {
    order.push(what);
    return Promise.resolve(answer);
  };
  const broker = {
    group: 'service',
    settle: () => said('settled', { kind: 'ok', logs: [] }),
    retry: () => said('retry noted', 'ok'),
    deadLetter: () => said('dead letter written', 'ok'),
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
    raw: { id: '1-1', fields: [] },
    stream: { name: 's', holds: () => true, release: () => undefined },
    pattern: { spec: {}, tally: { ended: () => undefined, retried: () => undefined } },
    entry: { header: { caller: 'c', call: '1', timeout: 0 } },
    history: { generation, suspect, attempts: 0, spared: 0, incarnation: '' },
  } as unknown as Delivery;
  end(processor, delivery);
  return order;
}

const FAILED: FailedAttempt = { delay: undefined, state: '', detail: 'no', error: undefined };
const LETTER: DeadLetterCause = { reason: 'final', detail: 'no', kind: REPLY.fault, payload: '{}' };

const reply = (processor: DeliveryProcessor, delivery: Delivery) =>
  processor.reply(delivery, REPLY.last, '1', true);

it('what ran apart is settled before others begin, because one of them may kill the process', () => {
  expect(orderOf(true, reply)).toEqual(['settled', 'others begin']);
});

it('the end of others waits for what ends with them', () => {
  expect(orderOf(false, reply)).toEqual(['others begin']);
});

it.each([true, false])('a retry is noted before others begin (ran apart: %s)', (suspect) => {
  const retry = (processor: DeliveryProcessor, delivery: Delivery) =>
    processor.retry(delivery, FAILED);
  expect(orderOf(suspect, retry)).toEqual(['retry noted', 'others begin']);
});

it.each([true, false])(
  'a dead letter is written before others begin (ran apart: %s)',
  (suspect) => {
    const die = (processor: DeliveryProcessor, delivery: Delivery) =>
      processor.deadLetter(delivery, LETTER);
    expect(orderOf(suspect, die)).toEqual(['dead letter written', 'others begin']);
  },
);
