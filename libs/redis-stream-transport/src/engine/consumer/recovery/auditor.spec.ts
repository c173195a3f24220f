import { shardContext } from '../../../../../../test/support/shard-context.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import { hashOf } from '../../id-table.js';
import { Auditor } from './auditor.js';
import type { Delivery } from '../run/delivery.js';
import type { Reader } from '../intake/reader.js';
import { StreamState } from '../intake/stream-state.js';

/** Redis lists an entry under this consumer that is not in memory; a read is on its way. */
function setup() {
  const stream = new StreamState('s');
  const fetched: string[] = [];
  const found: string[] = [];
  let readReturns = () => {};
  const read = new Promise<void>((resolve) => (readReturns = resolve));
  const broker = {
    snapshot: () => Promise.resolve([['1-0']]),
    fetch: (_: unknown, __: string, ids: string[]) => {
      fetched.push(...ids);
      return Promise.resolve(ids.map((id) => ({ raw: { id, fields: [] }, deliveries: 1 })));
    },
  } as unknown as GroupBroker;
  const reader = { settled: () => read } as unknown as Reader;
  const auditor = new Auditor(
    shardContext(),
    broker,
    { reader, streams: [stream], limit: 10 },
    {
      found: (_, entries) => found.push(...entries.map(({ raw }) => raw.id)),
      heal: () => Promise.resolve(),
      unblock: () => {},
    },
  );
  const delivery = { id: '1-0', hash: hashOf('1-0') } as Delivery;
  return { auditor, stream, delivery, fetched, found, readReturns: () => readReturns() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('L10: the audit', () => {
  it('waits for the read on its way, and then finds what the read has lost', async () => {
    const { auditor, fetched, found, readReturns } = setup();
    const audit = auditor.audit();
    await turn();
    expect(fetched).toEqual([]);
    readReturns();
    await audit;
    expect(found).toEqual(['1-0']);
  });

  it('does not find what the read has brought', async () => {
    const { auditor, stream, delivery, fetched, readReturns } = setup();
    const audit = auditor.audit();
    await turn();
    stream.held.set(delivery);
    readReturns();
    await audit;
    expect(fetched).toEqual([]);
  });

  it('does not find what the read has brought and a handler has finished', async () => {
    const { auditor, stream, delivery, fetched, readReturns } = setup();
    const audit = auditor.audit();
    await turn();
    stream.held.set(delivery);
    stream.release(delivery);
    readReturns();
    await audit;
    expect(fetched).toEqual([]);
  });
});

describe('the audit of a process that holds many thousands of entries', () => {
  /** Redis lists `size` entries under this consumer; none of them is in memory. */
  function many(size: number) {
    const ids = Array.from({ length: size }, (_, i) => `1-${i}`);
    const asked: { from: string; count: number }[] = [];
    const found: string[] = [];
    const broker = {
      snapshot: (_: string, [wanted]: { from: string }[], count: number) => {
        const from = wanted!.from;
        asked.push({ from, count });
        const at = from === '-' ? 0 : ids.indexOf(from.slice(1)) + 1;
        return Promise.resolve([ids.slice(at, at + count)]);
      },
      fetch: (_: unknown, __: string, page: string[]) =>
        Promise.resolve(page.map((id) => ({ raw: { id, fields: [] }, deliveries: 1 }))),
    } as unknown as GroupBroker;
    const context = shardContext();
    const reader = { settled: () => Promise.resolve() } as unknown as Reader;
    const of = { reader, streams: [new StreamState('s')], limit: 201_000 };
    const auditor = new Auditor(context, broker, of, {
      found: (_, entries) => found.push(...entries.map(({ raw }) => raw.id)),
      heal: () => Promise.resolve(),
      unblock: () => {},
    });
    return { auditor, context, asked, found, ids };
  }

  it('looks at all of them after a reconnection, page by page', async () => {
    const { auditor, asked, found, ids } = many(4500);
    await auditor.auditNext();
    expect(asked).toEqual([
      { from: '-', count: 2000 },
      { from: '(1-1999', count: 2000 },
      { from: '(1-3999', count: 2000 },
    ]);
    expect(found).toEqual(ids);
  });

  it('looks at a part with every renewal, and begins anew after the last', async () => {
    const { auditor, context, asked } = many(4500);
    await auditor.auditNext();
    asked.length = 0;
    for (let i = 0; i < 4; i++) await auditor.auditNext();
    expect(asked.map(({ from }) => from)).toEqual(['-', '(1-1999', '(1-3999', '-']);
    asked.length = 0;
    await auditor.audit();
    expect(asked.map(({ from }) => from)).toEqual(['-', '(1-1999', '(1-3999']);
    context.identity.nextGeneration();
    asked.length = 0;
    await auditor.auditNext();
    expect(asked).toHaveLength(3);
  });
});
