import { enqueueOneScript } from '../../../libs/redis-stream-transport/src/redis/operations/calling/enqueue-one.js';
import type { BatchSection } from '../../../libs/redis-stream-transport/src/redis/caller-broker.js';
import { TestBrokers, callerId, section } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** One entry for which nothing is looked at. */
const one = (stream: string, changes: Partial<BatchSection> = {}) => [
  section(stream, 1, { measures: false, ...changes }),
];
const LONE = { renew: false } as const;
const stored = { kind: 'applied', version: 0, sections: [{ count: 1, refusal: undefined }] };

/** A caller with one batch behind it, and which scripts it has Redis run. */
async function calling(at?: TestBrokers) {
  const brokers = at ?? (await TestBrokers.open());
  const caller = await brokers.caller(callerId());
  await caller.enqueue(1, one('a'));
  const command = vi.spyOn(brokers.link, 'command');
  onTestFinished(() => command.mockRestore());
  const ran = () =>
    command.mock.calls.map(([, [sha]]) => (sha === enqueueOneScript.sha ? 'one' : 'any'));
  return { brokers, caller, ran };
}

describe('the script for a batch of one entry', () => {
  it('stores the entry, and says which it is', async () => {
    const { brokers, caller, ran } = await calling();
    const answer = await caller.enqueue(2, one('b'), LONE);
    expect(answer).toMatchObject(stored);
    expect(Math.abs(answer.now - Date.now())).toBeLessThan(30_000);
    const [id] = await brokers.ids('b');
    expect(answer).toMatchObject({ sections: [{ first: id }] });
    expect(await caller.enqueue(3, one('b'), LONE)).toMatchObject(stored);
    expect(ran()).toEqual(['one', 'one']);
    expect(await brokers.redis.hmget(brokers.keys.caller(caller.id), 'e', 'q')).toEqual(['1', '3']);
  });

  it.each([
    ['the first of an epoch', 1, one('a'), { epoch: 2, renew: false }],
    ['a repeat', 2, one('a'), { version: 1, renew: false }],
    ['one that renews the record', 2, one('a'), {}],
    ['one that trims the log', 2, one('a'), { ...LONE, trim: '1-0' }],
    ['two entries', 2, [section('a', 2, { measures: false })], LONE],
    ['two sections', 2, [...one('a'), ...one('b')], LONE],
    ['none', 2, [], LONE],
    ['an entry of a pattern that may be unserved', 2, one('a', { mode: 1 }), LONE],
    ['a question', 2, one('a', { asks: true }), LONE],
    ['a look at the stream', 2, [section('a')], LONE],
  ])('is not for %s', async (_, number, sections, changes) => {
    const { caller, ran } = await calling();
    expect(await caller.enqueue(number, sections, changes)).toMatchObject({ kind: 'applied' });
    expect(ran()).toEqual(['any']);
  });

  it('L2: leaves a verdict for the repeat', async () => {
    const { brokers, caller } = await calling();
    const first = await caller.enqueue(2, one('b'), LONE);
    const again = await caller.enqueue(2, one('b'), { ...LONE, version: 1 });
    expect(again).toEqual({ ...first, now: again.now });
    expect(await brokers.ids('b')).toHaveLength(1);
  });

  it('L1: refuses all but the next number, and changes nothing', async () => {
    const { brokers, caller } = await calling();
    const gap = { kind: 'gap', epoch: 1, number: 1 };
    expect(await caller.enqueue(3, one('b'), LONE)).toMatchObject(gap);
    expect(await caller.enqueue(2, one('b'), { ...LONE, epoch: 2 })).toMatchObject(gap);
    await caller.enqueue(2, one('a'), LONE);
    expect(await caller.enqueue(2, one('b'), LONE)).toMatchObject({ ...gap, number: 2 });
    expect(await brokers.ids('b')).toEqual([]);
    expect(await caller.enqueue(3, one('b'), LONE)).toMatchObject(stored);
  });

  it('L1: refuses it without a record, or with one that nobody can read', async () => {
    const { brokers, caller } = await calling();
    const key = brokers.keys.caller(caller.id);
    const gap = { kind: 'gap', epoch: -1, number: -1 };
    await brokers.redis.hset(key, 'e', 'x', 'q', '1e3');
    expect(await caller.enqueue(2, one('b'), LONE)).toMatchObject(gap);
    await brokers.redis.del(key);
    expect(await caller.enqueue(2, one('b'), LONE)).toMatchObject(gap);
    await brokers.redis.set(key, 'no record');
    expect(await caller.enqueue(2, one('b'), LONE)).toMatchObject(gap);
    expect(await brokers.ids('b')).toEqual([]);
  });

  it('L3: refuses what was on its way for too long', async () => {
    const { brokers, caller, ran } = await calling();
    const old = { ...LONE, stamp: Date.now() - 60_000 };
    expect(await caller.enqueue(2, one('b'), old)).toMatchObject({ kind: 'stale' });
    expect(ran()).toEqual(['one']);
    expect(await brokers.ids('b')).toEqual([]);
    expect(await caller.enqueue(2, one('b'), LONE)).toMatchObject(stored);
  });

  it('tells of an entry that Redis refuses, and uses the number', async () => {
    const { brokers, caller } = await calling();
    await brokers.redis.set(brokers.keys.stream('b'), 'no stream');
    const refused = { first: '-', count: 0, refusal: 'E', error: { reply: 'WRONGTYPE' } };
    const answer = await caller.enqueue(2, one('b'), LONE);
    expect(answer).toMatchObject({ ...stored, sections: [refused] });
    const again = await caller.enqueue(2, one('b'), { ...LONE, version: 1 });
    expect(again).toEqual({ ...answer, now: again.now });
    expect(await caller.enqueue(3, one('a'), LONE)).toMatchObject(stored);
  });

  it('changes nothing when memory is full', async () => {
    await using server = await startPrivateRedis();
    const { brokers, caller } = await calling(await TestBrokers.open(server.url));
    await brokers.redis.config('SET', 'maxmemory', '1');
    await expect(caller.enqueue(2, one('a'), LONE)).rejects.toMatchObject({ reply: 'OOM' });
    expect(await brokers.ids('a')).toHaveLength(1);
    await brokers.redis.config('SET', 'maxmemory', '0');
    expect(await caller.enqueue(2, one('a'), LONE)).toMatchObject(stored);
  });
});
