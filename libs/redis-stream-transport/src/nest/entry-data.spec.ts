import type { AbortReason } from '../engine/consumer/run/abort-reason.js';
import { Delivery, type DeliveryParts } from '../engine/consumer/run/delivery.js';
import { readData } from './entry-data.js';

/** An entry that a serializer wrote, while a deserializer is busy with it. */
function reading(history: { deliveries?: number; attempts?: number } = {}) {
  const ends: unknown[] = [];
  const end = (_: unknown, __: unknown, payload: string): void => {
    ends.push(JSON.parse(payload));
    delivery.ended = true;
  };
  const header = { codec: 'obj', timeout: 0, idle: 0, caller: 'c', call: '1' };
  const entry = { id: '1-1', addedAt: 1, header, headers: { a: 'entry', b: 'entry' }, data: '{}' };
  const delivery: Delivery = new Delivery({
    ...{ raw: { id: '1-1', fields: [] }, nonce: 1, consumer: 'consumer' },
    ...({ slots: {}, stream: {}, pattern: { spec: { pattern: 'p' } } } as never as DeliveryParts),
    owner: { reply: end } as never,
    entry: entry as never,
    history: { deliveries: 1, attempts: 0, ...history } as never,
  });
  let answer: (packet: unknown) => void = () => undefined;
  const deserialize = () => new Promise((resolve) => (answer = resolve));
  const handed: unknown[] = [];
  readData(delivery, { deserialize }, undefined, (_, data, metadata) =>
    handed.push([data, metadata]),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    delivery,
    ends,
    handed,
    answer: async (packet: unknown) => {
      answer(packet);
      await turn();
    },
  };
}

describe('an entry that a deserializer is busy with', () => {
  it.each<[AbortReason, string]>([
    ['deadline', 'TIMEOUT'],
    ['cancelled', 'CANCELLED'],
  ])(
    'ends at once, certainly not run, when its caller waits no longer: %s',
    async (reason, code) => {
      const { delivery, ends, handed, answer } = reading();
      delivery.abort(reason);
      expect(ends).toEqual([expect.objectContaining({ code, outcome: 'not-run' })]);
      await answer({ data: 'late' });
      expect(handed).toEqual([]);
      expect(ends).toHaveLength(1);
    },
  );

  it.each([{ deliveries: 2 }, { attempts: 1 }])('may have run before: %o', (history) => {
    const { delivery, ends } = reading(history);
    delivery.abort('deadline');
    expect(ends).toEqual([expect.objectContaining({ code: 'TIMEOUT', outcome: 'may-have-run' })]);
  });

  it('is not handed on when it belongs to another consumer by then', async () => {
    const { delivery, ends, handed, answer } = reading();
    delivery.ended = true;
    delivery.abort('fenced');
    await answer({ data: 'late' });
    expect([ends, handed]).toEqual([[], []]);
  });

  it('is left to its handler once that has begun', async () => {
    const { delivery, ends, handed, answer } = reading();
    await answer({ data: 'read' });
    delivery.abort('deadline');
    expect([ends, handed.length]).toEqual([[], 1]);
  });

  it('has the metadata of its packet before the headers of the entry', async () => {
    const { handed, answer } = reading();
    await answer({ data: 'read', metadata: { b: 'packet', c: 'packet' } });
    expect(handed).toEqual([['read', { a: 'entry', b: 'packet', c: 'packet' }]]);
  });

  it.each([undefined, null, 'text', 7])('has its headers when the packet has %o', async (odd) => {
    const { handed, answer } = reading();
    await answer({ data: 'read', metadata: odd });
    expect(handed).toEqual([['read', { a: 'entry', b: 'entry' }]]);
  });
});
