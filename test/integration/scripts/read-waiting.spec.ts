import { eventually } from '../../../tools/wait.js';
import { TestBrokers } from '../../support/brokers.js';

/** The streams `a` and `b`, with so many entries each, and what a look at both brings to `me`. */
async function streamsOf(a: number, b: number) {
  const brokers = await TestBrokers.open();
  const group = brokers.group();
  const ids: string[] = [];
  for (const [stream, count] of [
    ['a', a],
    ['b', b],
  ] as const) {
    await group.ensureGroup(stream, 'r', false);
    for (let i = 0; i < count; i++)
      ids.push((await brokers.redis.xadd(brokers.keys.stream(stream), '*', 'd', '1')) as string);
  }
  const look = async (age: number) => {
    const wanted = { consumer: 'me', streams: ['a', 'none', 'b'], age };
    const read = await group.readWaiting(brokers.link, wanted);
    return read.flatMap(({ entries }) => entries.map(({ id }) => id));
  };
  return { brokers, ids, look };
}

describe('P17: the read of what has waited', () => {
  it('brings one entry, of the first stream that has one', async () => {
    const { brokers, ids, look } = await streamsOf(2, 1);
    expect(await look(0)).toEqual([ids[0]]);
    expect(await brokers.pendingEntries('a')).toEqual([[ids[0], 'me', 1]]);
    expect(await look(0)).toEqual([ids[1]]);
    expect(await look(0)).toEqual([ids[2]]);
    expect(await look(0)).toEqual([]);
  });

  it('leaves what came just now to others', async () => {
    const { brokers, ids, look } = await streamsOf(1, 0);
    expect(await look(600_000)).toEqual([]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    await eventually(async () => expect(await look(20)).toEqual(ids));
  });

  it('brings what is ahead of the clock, because that was set back', async () => {
    const { brokers, look } = await streamsOf(0, 0);
    const ahead = `${Date.now() + 3_600_000}-0`;
    await brokers.redis.xadd(brokers.keys.stream('a'), ahead, 'd', '1');
    expect(await look(600_000)).toEqual([ahead]);
  });

  it('passes over what holds no stream, or none with the group', async () => {
    const { brokers, ids, look } = await streamsOf(0, 1);
    await brokers.redis.set(brokers.keys.stream('none'), 'text');
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await look(0)).toEqual(ids);
  });
});
