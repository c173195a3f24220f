import type {
  Owner,
  Settlement,
} from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { Bench, callerId, requestLine } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** A stream of which `me` holds some entries. */
async function holding(count: number, bench?: Bench) {
  const at = bench ?? (await Bench.open());
  const broker = at.group();
  const caller = callerId();
  await broker.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await at.add('a', requestLine(caller, String(i)));
  const owner = await at.owner('me');
  const ids = await at.hand('a', 'me', count);
  return { bench: at, broker, caller, owner, ids };
}

/** What is published for a caller from now on. */
async function listening(bench: Bench, caller: string): Promise<string[]> {
  const heard: string[] = [];
  const subscriber = bench.redis.duplicate();
  onTestFinished(() => subscriber.disconnect());
  subscriber.on('message', (_, text: string) => heard.push(text));
  await subscriber.subscribe(bench.keys.log(caller));
  return heard;
}

const log = (caller: string, frame = 'frame', force = false) => ({
  caller,
  frame,
  ttlMs: 60_000,
  force,
});
const dropping = (ids: readonly string[], ...logs: Settlement['logs']): Settlement => ({
  logs,
  streams: [{ stream: 'a', keep: [], drop: ids }],
});
const stranger = (owner: Owner): Owner => ({ ...owner, token: 'another' });

describe('the settle script', () => {
  it('answers, acknowledges and deletes in one step', async () => {
    const { bench, broker, caller, owner, ids } = await holding(2);
    const heard = await listening(bench, caller);
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toEqual({
      kind: 'ok',
      logs: [],
    });
    expect(await bench.ids('a')).toEqual([]);
    expect(await bench.pending('a')).toEqual([]);
    const [record] = await bench.redis.xrange(bench.keys.log(caller), '-', '+');
    expect(record?.[1]).toEqual(['f', 'frame', 'b', '1']);
    await vi.waitFor(() => expect(heard).toEqual([`${record?.[0]} frame`]));
  });

  it('publishes the id of a long frame in a message of its own', async () => {
    const { bench, broker, caller, owner, ids } = await holding(2);
    const heard = await listening(bench, caller);
    const [short, long] = ['s'.repeat(4095), 'l'.repeat(4096)];
    await broker.settle(owner, dropping([ids[0]!], log(caller, short)));
    await broker.settle(owner, dropping([ids[1]!], log(caller, long)));
    const records = await bench.redis.xrange(bench.keys.log(caller), '-', '+');
    const [one, two] = records.map(([id]) => id);
    await vi.waitFor(() => expect(heard).toEqual([`${one} ${short}`, two, long]));
  });

  it('only acknowledges what it is told to keep', async () => {
    const { bench, broker, owner, ids } = await holding(3);
    const streams = [{ stream: 'a', keep: [ids[0]!], drop: [ids[1]!] }];
    await broker.settle(owner, { logs: [], streams });
    expect(await bench.ids('a')).toEqual([ids[0], ids[2]]);
    expect(await bench.pending('a')).toEqual([[ids[2], 'me', 1]]);
  });

  it('marks only the first record of a log as its birth, and only extends its life', async () => {
    const { bench, broker, caller, owner, ids } = await holding(2);
    await broker.settle(owner, dropping([ids[0]!], { ...log(caller), ttlMs: 600_000 }));
    await broker.settle(owner, dropping([ids[1]!], { ...log(caller), ttlMs: 1000 }));
    const records = await bench.redis.xrange(bench.keys.log(caller), '-', '+');
    expect(records.map(([, fields]) => fields.length)).toEqual([4, 2]);
    expect(await bench.redis.pttl(bench.keys.log(caller))).toBeGreaterThan(500_000);
  });

  it.each(['missing', 'fenced'] as const)('changes nothing when the lease is %s', async (kind) => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    const who = kind === 'fenced' ? stranger(owner) : owner;
    if (kind === 'missing') await bench.redis.del(bench.keys.lease('me'));
    expect(await broker.settle(who, dropping(ids, log(caller)))).toEqual({ kind });
    expect(await bench.pending('a')).toHaveLength(1);
    expect(await bench.frames(caller)).toEqual([]);
  });

  it('is fenced by a tombstone', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    await bench.leases().release(owner, []);
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toEqual({ kind: 'fenced' });
    expect(await bench.ids('a')).toEqual(ids);
  });

  it('skips only the frame of a caller whose log has a wrong type', async () => {
    const { bench, broker, caller, owner, ids } = await holding(2);
    const bad = callerId();
    await bench.redis.set(bench.keys.log(bad), 'x');
    const answer = await broker.settle(owner, dropping(ids, log(bad), log(caller)));
    expect(answer).toEqual({ kind: 'ok', logs: [0] });
    expect(await bench.ids('a')).toEqual([]);
    expect(await bench.frames(caller)).toEqual(['frame']);
  });

  it('changes nothing when a log is at its cap, unless it is forced', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    const mega = 'x'.repeat(8 * 1024 * 1024);
    for (let i = 0; i < 8; i++) await bench.redis.xadd(bench.keys.log(caller), '*', 'f', mega);
    const big = 'y'.repeat(100_000);
    const full = await broker.settle(owner, dropping(ids, log(callerId()), log(caller, big)));
    expect(full).toEqual({ kind: 'full', logs: [1] });
    expect(await bench.pending('a')).toHaveLength(1);
    const forced = await broker.settle(owner, dropping(ids, log(caller, 'short', true)));
    expect(forced).toEqual({ kind: 'ok', logs: [] });
    expect(await bench.ids('a')).toEqual([]);
  });

  it('settles more entries than Lua can unpack at once', async () => {
    const bench = await Bench.open();
    const broker = bench.group();
    await broker.ensureGroup('a', 'r', false);
    const key = bench.keys.stream('a');
    const pipeline = bench.redis.pipeline();
    for (let i = 0; i < 9000; i++) pipeline.xadd(key, '*', 'c', '1 json - - 0', 'd', '1');
    await pipeline.exec();
    const owner = await bench.owner('me');
    const ids = await bench.hand('a', 'me', 9000);
    const streams = [{ stream: 'a', keep: ids.slice(0, 500), drop: ids.slice(500) }];
    expect(await broker.settle(owner, { logs: [], streams })).toMatchObject({ kind: 'ok' });
    expect(await bench.ids('a')).toHaveLength(500);
    expect(await bench.pending('a')).toEqual([]);
  });

  it('runs when memory is full: finished work must be able to leave', async () => {
    await using server = await startPrivateRedis();
    const { bench, broker, caller, owner, ids } = await holding(1, await Bench.open(server.url));
    await bench.redis.config('SET', 'maxmemory', '1');
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toMatchObject({ kind: 'ok' });
    expect(await bench.frames(caller)).toEqual(['frame']);
    expect(await bench.ids('a')).toEqual([]);
  });
});

describe('the script that settles entry by entry', () => {
  const incarnationOf = (bench: Bench) => bench.redis.hget(bench.keys.incarnation(), 'id');
  /** A request that has ended with an answer. */
  const ended = (id: string, answer: ReturnType<typeof log> | undefined) => ({
    ...{ stream: 'a', id, incarnation: '', drop: true, answer },
  });

  it('settles what is pending under its owner, and forgets a noted retry', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    await broker.retry(owner, 'a', ids[0]!, { delay: 1000, attempts: 1, state: '', spared: 0 });
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('ok');
    expect(await bench.frames(caller)).toEqual(['frame']);
    expect(await bench.ids('a')).toEqual([]);
    expect(await bench.redis.exists(bench.keys.due('a'))).toBe(0);
  });

  it('settles what is pending nowhere but still there', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    await bench.redis.xgroup('DESTROY', bench.keys.stream('a'), 'service');
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('ok');
    expect(await bench.frames(caller)).toEqual(['frame']);
  });

  it('does not touch what is pending under another', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    await bench.redis.xclaim(bench.keys.stream('a'), 'service', 'other', 0, ids[0]!);
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('lost');
    expect(await bench.pending('a')).toEqual([[ids[0], 'other', 2]]);
    expect(await bench.frames(caller)).toEqual([]);
  });

  it('answers for what exists nowhere only if memory was lost since it was read', async () => {
    const { bench, broker, caller, owner, ids } = await holding(1);
    await broker.hello();
    await bench.redis.xdel(bench.keys.stream('a'), ids[0]!);
    await bench.redis.xack(bench.keys.stream('a'), 'service', ids[0]!);
    const same = (await incarnationOf(bench))!;
    const answer = log(caller);
    expect(
      await broker.settleChecked(owner, {
        stream: 'a',
        id: ids[0]!,
        incarnation: same,
        drop: true,
        answer: answer,
      }),
    ).toBe('lost');
    expect(
      await broker.settleChecked(owner, {
        stream: 'a',
        id: ids[0]!,
        incarnation: 'before',
        drop: true,
        answer: answer,
      }),
    ).toBe('ok');
    expect(await bench.frames(caller)).toEqual(['frame']);
  });

  it('acknowledges without deleting, and without an answer', async () => {
    const { bench, broker, owner, ids } = await holding(1);
    expect(
      await broker.settleChecked(owner, {
        stream: 'a',
        id: ids[0]!,
        incarnation: '',
        drop: false,
        answer: undefined,
      }),
    ).toBe('ok');
    expect(await bench.ids('a')).toEqual(ids);
    expect(await bench.pending('a')).toEqual([]);
  });

  it('is fenced like the other', async () => {
    const { bench, broker, owner, ids } = await holding(1);
    const settle = (who: Owner) => broker.settleChecked(who, ended(ids[0]!, undefined));
    expect(await settle(stranger(owner))).toBe('fenced');
    await bench.redis.del(bench.keys.lease('me'));
    expect(await settle(owner)).toBe('missing');
    expect(await bench.pending('a')).toHaveLength(1);
  });
});
