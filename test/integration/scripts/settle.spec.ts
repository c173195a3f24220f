import {
  endedRecord,
  runningRecord,
} from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import type {
  Owner,
  Settlement,
} from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { eventually } from '../../../tools/wait.js';
import { TestBrokers, callerId, requestLine } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { range } from '../../support/tally.js';

/** A stream of which `me` holds some entries. */
async function holding(count: number, brokers?: TestBrokers) {
  const at = brokers ?? (await TestBrokers.open());
  const broker = at.group();
  const caller = callerId();
  await broker.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await at.add('a', requestLine(caller, String(i)));
  const owner = await at.owner('me');
  const ids = await at.hand('a', 'me', count);
  return { brokers: at, broker, caller, owner, ids };
}

/** What is published for a caller from now on. */
async function listening(brokers: TestBrokers, caller: string): Promise<string[]> {
  const heard: string[] = [];
  const subscriber = brokers.redis.duplicate();
  onTestFinished(() => subscriber.disconnect());
  subscriber.on('smessage', (_, text: string) => heard.push(text));
  await subscriber.ssubscribe(brokers.keys.log(caller));
  return heard;
}

const log = (caller: string, frame = 'frame', force = false) => ({
  caller,
  frame,
  ttlMs: 60_000,
  force,
});
/** What ends in the stream, and nothing is said of elsewhere. */
const ends = (keep: readonly string[], drop: readonly string[]) => ({
  ...{ stream: 'a', keep, drop, noted: [], started: [] },
});
const dropping = (ids: readonly string[], ...logs: Settlement['logs']): Settlement => ({
  logs,
  results: [],
  streams: [ends([], ids)],
});
const stranger = (owner: Owner): Owner => ({ ...owner, token: 'another' });

describe('the settle script', () => {
  it('answers, acknowledges and deletes in one step', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    const heard = await listening(brokers, caller);
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toEqual({
      kind: 'ok',
      logs: [],
    });
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    const [record] = await brokers.redis.xrange(brokers.keys.log(caller), '-', '+');
    expect(record?.[1]).toEqual(['f', 'frame', 'b', '1']);
    await eventually(() => expect(heard).toEqual([`${record?.[0]} frame`]));
  });

  it('publishes the id of a long frame in a message of its own', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    const heard = await listening(brokers, caller);
    const [short, long] = ['s'.repeat(4095), 'l'.repeat(4096)];
    await broker.settle(owner, dropping([ids[0]!], log(caller, short)));
    await broker.settle(owner, dropping([ids[1]!], log(caller, long)));
    const records = await brokers.redis.xrange(brokers.keys.log(caller), '-', '+');
    const [one, two] = records.map(([id]) => id);
    await eventually(() => expect(heard).toEqual([`${one} ${short}`, two, long]));
  });

  it('only acknowledges what it is told to keep', async () => {
    const { brokers, broker, owner, ids } = await holding(3);
    const streams = [ends([ids[0]!], [ids[1]!])];
    await broker.settle(owner, { logs: [], results: [], streams });
    expect(await brokers.ids('a')).toEqual([ids[0], ids[2]]);
    expect(await brokers.pendingEntries('a')).toEqual([[ids[2], 'me', 1]]);
  });

  it('marks only the first record of a log as its birth, and only extends its life', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    await broker.settle(owner, dropping([ids[0]!], { ...log(caller), ttlMs: 600_000 }));
    await broker.settle(owner, dropping([ids[1]!], { ...log(caller), ttlMs: 1000 }));
    const records = await brokers.redis.xrange(brokers.keys.log(caller), '-', '+');
    expect(records.map(([, fields]) => fields.length)).toEqual([4, 2]);
    expect(await brokers.redis.pttl(brokers.keys.log(caller))).toBeGreaterThan(500_000);
  });

  it.each(['missing', 'fenced'] as const)('changes nothing when the lease is %s', async (kind) => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    const who = kind === 'fenced' ? stranger(owner) : owner;
    if (kind === 'missing') await brokers.redis.del(brokers.keys.lease('me'));
    expect(await broker.settle(who, dropping(ids, log(caller)))).toEqual({ kind });
    expect(await brokers.pendingEntries('a')).toHaveLength(1);
    expect(await brokers.frames(caller)).toEqual([]);
  });

  it('is fenced by a tombstone', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    await brokers.leases().release(owner, []);
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toEqual({ kind: 'fenced' });
    expect(await brokers.ids('a')).toEqual(ids);
  });

  it('skips only the frame of a caller whose log has a wrong type', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    const bad = callerId();
    await brokers.redis.set(brokers.keys.log(bad), 'x');
    const answer = await broker.settle(owner, dropping(ids, log(bad), log(caller)));
    expect(answer).toEqual({ kind: 'ok', logs: [0] });
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.frames(caller)).toEqual(['frame']);
  });

  it('changes nothing when a log is at its cap, unless it is forced', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    const mega = 'x'.repeat(8 * 1024 * 1024);
    for (let i = 0; i < 8; i++) await brokers.redis.xadd(brokers.keys.log(caller), '*', 'f', mega);
    const big = 'y'.repeat(100_000);
    const full = await broker.settle(owner, dropping(ids, log(callerId()), log(caller, big)));
    expect(full).toEqual({ kind: 'full', logs: [1] });
    expect(await brokers.pendingEntries('a')).toHaveLength(1);
    const forced = await broker.settle(owner, dropping(ids, log(caller, 'short', true)));
    expect(forced).toEqual({ kind: 'ok', logs: [] });
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('leaves the life of a log as it is when it certainly lives on, unless the log is made anew', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(2);
    const { redis, keys } = brokers;
    const [first, second] = ids as [string, string];
    const lives = { ...log(caller), ttlMs: 90_000, livesOn: true };
    await broker.settle(owner, dropping([first], lives));
    expect(await redis.pttl(keys.log(caller))).toBeGreaterThan(80_000);
    await redis.pexpire(keys.log(caller), 60_000);
    await broker.settle(owner, dropping([second], lives));
    expect(await redis.pttl(keys.log(caller))).toBeLessThanOrEqual(60_000);
    await broker.settle(owner, dropping([second], { ...lives, livesOn: false }));
    expect(await redis.pttl(keys.log(caller))).toBeGreaterThan(80_000);
    expect(await brokers.frames(caller)).toHaveLength(3);
  });

  it('settles more entries than Lua can unpack at once', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    await broker.ensureGroup('a', 'r', false);
    const key = brokers.keys.stream('a');
    const pipeline = brokers.redis.pipeline();
    for (let i = 0; i < 9000; i++) pipeline.xadd(key, '*', 'c', '1 json - - 0', 'd', '1');
    await pipeline.exec();
    const owner = await brokers.owner('me');
    const ids = await brokers.hand('a', 'me', 9000);
    const noted = ids.slice(0, 4500);
    const fields = noted.flatMap((id) => [`service ${id}`, '0 0  1']);
    await brokers.redis.hset(brokers.keys.due('a'), ...fields);
    const streams = [{ ...ends(ids.slice(0, 500), ids.slice(500)), noted }];
    expect(await broker.settle(owner, { logs: [], results: [], streams })).toMatchObject({
      kind: 'ok',
    });
    expect(await brokers.ids('a')).toHaveLength(500);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.due('a'))).toBe(0);
  });

  it('takes what Redis holds of the entries with them: notes, starts, results of keys', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(4);
    const [first, second, third, other] = ids as [string, string, string, string];
    const { keys, redis } = brokers;
    const fields = ids.map((id) => [`service ${id}`, 'x'] as const);
    await redis.hset(keys.due('a'), ...fields.flat());
    await redis.hset(keys.started('a'), ...fields.flat());
    const record = (key: string) => keys.idempotency('service', 'a', key);
    await redis.set(record('kept'), runningRecord('digest', first, 'a'));
    await redis.set(record('given up'), runningRecord('digest', second, 'a'));
    await redis.set(record('another’s'), runningRecord('digest', other, 'a'));
    await redis.set(record('has one'), endedRecord('digest', 'first'));
    await redis.set(record('no record'), 'x');
    const ended = (name: string, key: string, result: string | undefined = '[]') => ({
      ...{ pattern: 'a', name, key, digest: 'digest', result },
    });
    const answer = await broker.settle(owner, {
      logs: [log(caller)],
      results: [
        ended(first, 'kept', '[[1]]'),
        { ...ended(second, 'given up'), result: undefined },
        ...['another’s', 'has one', 'no record', 'gone'].map((key) => ended(third, key)),
      ],
      streams: [{ ...ends([third], [first, second]), noted: [first, third], started: [second] }],
    });
    expect(answer).toEqual({ kind: 'ok', logs: [] });
    expect(await brokers.ids('a')).toEqual([third, other]);
    const left = (key: string) => redis.hkeys(key).then((names) => names.sort());
    expect(await left(keys.due('a'))).toEqual([`service ${second}`, `service ${other}`]);
    expect(await left(keys.started('a'))).toEqual(
      [first, third, other].map((id) => `service ${id}`),
    );
    const result = (key: string) => redis.get(record(key));
    expect(await result('kept')).toBe(endedRecord('digest', '[[1]]'));
    expect(await redis.pttl(record('kept'))).toBeGreaterThan(86_000_000);
    expect(await redis.exists(record('given up'))).toBe(0);
    expect(await result('another’s')).toBe(runningRecord('digest', other, 'a'));
    expect(await redis.pttl(record('another’s'))).toBeGreaterThan(86_000_000);
    expect(await result('has one')).toBe(endedRecord('digest', 'first'));
    expect(await result('no record')).toBe('x');
    expect(await result('gone')).toBeNull();
  });

  it('runs when memory is full: finished work must be able to leave', async () => {
    await using server = await startPrivateRedis();
    const { brokers, broker, caller, owner, ids } = await holding(
      1,
      await TestBrokers.open(server.url),
    );
    await brokers.redis.config('SET', 'maxmemory', '1');
    expect(await broker.settle(owner, dropping(ids, log(caller)))).toMatchObject({ kind: 'ok' });
    expect(await brokers.frames(caller)).toEqual(['frame']);
    expect(await brokers.ids('a')).toEqual([]);
  });
});

describe('the script that settles entry by entry', () => {
  const incarnationOf = (brokers: TestBrokers) =>
    brokers.redis.hget(brokers.keys.incarnation(), 'id');
  /** A request that has ended with an answer. */
  const ended = (
    id: string,
    answer: (ReturnType<typeof log> & { readonly lost?: string }) | undefined,
  ) => ({
    ...{ stream: 'a', id, incarnation: '', drop: true, answer },
  });

  it('settles what is pending under its owner, and forgets a noted retry', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    await broker.retry(
      owner,
      { stream: 'a', id: ids[0]! },
      { delay: 1000, attempts: 1, state: '', spared: 0 },
    );
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('ok');
    expect(await brokers.frames(caller)).toEqual(['frame']);
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.due('a'))).toBe(0);
  });

  it('settles what is pending nowhere but still there', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('ok');
    expect(await brokers.frames(caller)).toEqual(['frame']);
  });

  it('does not touch what is pending under another', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'other', 0, ids[0]!);
    const answer = log(caller);
    expect(await broker.settleChecked(owner, ended(ids[0]!, answer))).toBe('lost');
    expect(await brokers.pendingEntries('a')).toEqual([[ids[0], 'other', 2]]);
    expect(await brokers.frames(caller)).toEqual([]);
  });

  it('answers for what exists nowhere only if memory was lost since it was read', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(1);
    await broker.hello();
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[0]!);
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', ids[0]!);
    const same = (await incarnationOf(brokers))!;
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
    expect(await brokers.frames(caller)).toEqual(['frame']);
  });

  it('says that a reply is lost for which the log has no room, and settles all the same', async () => {
    const { brokers, broker, caller, owner, ids } = await holding(3);
    const settle = (n: number, frame: string) =>
      broker.settleChecked(owner, ended(ids[n]!, { ...log(caller, frame), lost: 'lost' }));
    expect(await settle(0, 'x'.repeat(100_000))).toBe('ok');
    const mega = 'x'.repeat(8 * 1024 * 1024);
    // Servers count from a sample of five entries: of the first one with 100 KB Valkey 9.1 makes 12 % less than there is.
    for (let i = 0; i < 10; i++) await brokers.redis.xadd(brokers.keys.log(caller), '*', 'f', mega);
    expect(await settle(1, 'y'.repeat(100_000))).toBe('ok');
    // A short one has no other in its place.
    const short = ended(ids[2]!, log(caller, 'short'));
    expect(await broker.settleChecked(owner, short)).toBe('ok');
    expect(await brokers.ids('a')).toEqual([]);
    const frames = await brokers.frames(caller);
    expect(frames.map((frame) => frame.slice(0, 5))).toEqual([
      ...['xxxxx', ...range(10).map(() => 'xxxxx')],
      ...['lost', 'short'],
    ]);
  });

  it('acknowledges without deleting, and without an answer', async () => {
    const { brokers, broker, owner, ids } = await holding(1);
    expect(
      await broker.settleChecked(owner, {
        stream: 'a',
        id: ids[0]!,
        incarnation: '',
        drop: false,
        answer: undefined,
      }),
    ).toBe('ok');
    expect(await brokers.ids('a')).toEqual(ids);
    expect(await brokers.pendingEntries('a')).toEqual([]);
  });

  it('is fenced like the other', async () => {
    const { brokers, broker, owner, ids } = await holding(1);
    const settle = (who: Owner) => broker.settleChecked(who, ended(ids[0]!, undefined));
    expect(await settle(stranger(owner))).toBe('fenced');
    await brokers.redis.del(brokers.keys.lease('me'));
    expect(await settle(owner)).toBe('missing');
    expect(await brokers.pendingEntries('a')).toHaveLength(1);
  });
});
