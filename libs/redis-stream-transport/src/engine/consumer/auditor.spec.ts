import type { GroupBroker } from '../../redis/group-broker.js';
import { hashOf } from '../id-table.js';
import { Auditor } from './auditor.js';
import type { Delivery } from './delivery.js';
import type { Reader } from './reader.js';
import type { ShardContext } from './shard-context.js';
import { StreamState } from './stream-state.js';

/** Redis lists an entry as mine that is not in memory; a read is on its way. */
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
  const context = { owner: { consumer: 'me', token: 't' } } as ShardContext;
  const auditor = new Auditor(context, broker, reader, [stream], 10, {
    found: (_, entries) => found.push(...entries.map(({ raw }) => raw.id)),
    heal: () => Promise.resolve(),
    unblock: () => {},
    fenced: () => {},
  });
  const delivery = { id: '1-0', hash: hashOf('1-0') } as Delivery;
  return { auditor, stream, delivery, fetched, found, readReturns: () => readReturns() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('L10: the audit', () => {
  it('waits for the read on its way, and then finds what was lost with it', async () => {
    const { auditor, fetched, found, readReturns } = setup();
    const audit = auditor.audit();
    await turn();
    expect(fetched).toEqual([]);
    readReturns();
    await audit;
    expect(found).toEqual(['1-0']);
  });

  it('leaves alone what the read has brought', async () => {
    const { auditor, stream, delivery, fetched, readReturns } = setup();
    const audit = auditor.audit();
    await turn();
    stream.held.set(delivery);
    readReturns();
    await audit;
    expect(fetched).toEqual([]);
  });

  it('leaves alone what the read has brought and a handler has finished since', async () => {
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
