import {
  endedRecord,
  runningRecord,
} from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import { eventually } from '../../../tools/wait.js';
import { TestBrokers, callerId, eventLine, requestLine } from '../../support/brokers.js';
import { StartBroker } from '../../../libs/redis-stream-transport/src/redis/start-broker.js';

/** Entries that were handed to `me`. */
async function handed(count: number, header?: string) {
  const brokers = await TestBrokers.open();
  const group = brokers.group();
  const starts = new StartBroker(brokers.link, brokers.keys, () => 'service');
  await group.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await brokers.add('a', header);
  const me = await brokers.owner('me');
  const ids = await brokers.hand('a', 'me', count);
  const started = () => brokers.redis.hgetall(brokers.keys.started('a'));
  return { brokers, group, starts, me, ids, started };
}

describe('L18: the start script', () => {
  it('acknowledges what may be started once only, keeps it, and notes which consumer started it', async () => {
    const { brokers, starts, me, ids, started } = await handed(2);
    expect(await starts.start(me, 'a', ids)).toEqual([true, true]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.ids('a')).toEqual(ids);
    expect(await started()).toEqual(Object.fromEntries(ids.map((id) => [`service ${id}`, 'me'])));
  });

  it('may be repeated by the consumer that started, and by no other', async () => {
    const { brokers, starts, me, ids } = await handed(1);
    const other = await brokers.owner('other');
    expect(await starts.start(other, 'a', ids)).toEqual([false]);
    expect(await starts.start(me, 'a', ids)).toEqual([true]);
    expect(await starts.start(me, 'a', ids)).toEqual([true]);
    expect(await starts.start(other, 'a', ids)).toEqual([false]);
  });

  it('needs the lease', async () => {
    const { brokers, starts, me, ids, started } = await handed(1);
    expect(await starts.start({ ...me, token: 'another' }, 'a', ids)).toBe('fenced');
    await brokers.redis.del(brokers.keys.lease('me'));
    expect(await starts.start(me, 'a', ids)).toBe('missing');
    expect(await started()).toEqual({});
    expect(await brokers.pendingEntries('a')).toHaveLength(1);
  });

  it('settling what was started deletes the entry and the note; no other consumer may', async () => {
    const { brokers, group, starts, me, ids, started } = await handed(1);
    await starts.start(me, 'a', ids);
    const other = await brokers.owner('other');
    const settle = (owner: typeof me) =>
      group.settleChecked(owner, {
        stream: 'a',
        id: ids[0]!,
        incarnation: 'memory',
        drop: true,
        answer: undefined,
      });
    expect(await settle(other)).toBe('lost');
    expect(await settle(me)).toBe('ok');
    expect(await started()).toEqual({});
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('what was ended for a dead consumer is never started, although a new group handed it out again', async () => {
    const caller = callerId();
    const { brokers, group, starts, me, ids, started } = await handed(1, requestLine(caller));
    await starts.start(me, 'a', ids);
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await group.ensureGroup('a', 'r', false)).toMatchObject({ state: 'lost' });
    const other = await brokers.owner('other');
    expect(await brokers.hand('a', 'other')).toEqual(ids);
    await brokers.redis.del(brokers.keys.lease('me'));
    const third = await brokers.owner('third');
    expect(await brokers.leases().revoke(third, 'me')).toBe('revoked');
    const answer = { caller, frame: 'interrupted', ttlMs: 60_000 };
    expect(await starts.endInterrupted(third, 'me', { stream: 'a', id: ids[0]!, answer })).toBe(
      'ok',
    );
    expect(await starts.start(other, 'a', ids)).toEqual([false]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await started()).toEqual({});
  });

  it('what is started is neither an orphan nor swept away', async () => {
    const { brokers, group, starts, me, ids } = await handed(2, requestLine(callerId()));
    await starts.start(me, 'a', [ids[0]!]);
    // An operator deletes the consumer, and with it what was pending.
    await brokers.redis.xgroup('DELCONSUMER', brokers.keys.stream('a'), 'service', 'me');
    expect(await starts.orphans('a', '', 10)).toEqual({ next: '', ids: [ids[1]] });
    const limits = { groupTtl: 1000, count: undefined, age: undefined, page: 100, trim: 100 };
    await group.clean('a', 'r', limits);
    expect(await brokers.ids('a')).toEqual(ids);
  });
});

/** Requests that nobody can answer: they become dead letters, and were adopted and written again every half a minute. */
const UNREADABLE = ['{}', 'short', 'x'.repeat(33)].map((caller) => `1 json 5 ${caller} 0`);
UNREADABLE.push(`1 json {} ${callerId()} 0`, `1 json ${'5'.repeat(65)} ${callerId()} 0`);

describe('L20: orphaned requests', () => {
  it('become pending under the consumer that adopts them, once, and count as handed out before', async () => {
    const { brokers, starts, me, ids } = await handed(1, requestLine(callerId()));
    const other = await brokers.owner('other');
    expect((await starts.orphans('a', '', 10)).ids).toEqual([]);
    await brokers.redis.xgroup('DELCONSUMER', brokers.keys.stream('a'), 'service', 'me');
    expect((await starts.orphans('a', '', 10)).ids).toEqual(ids);
    expect(await starts.adopt({ ...other, token: 'x' }, 'a', ids)).toBe('fenced');
    expect(await starts.adopt({ consumer: 'no', token: 'x' }, 'a', ids)).toBe('missing');
    expect(await starts.adopt(other, 'a', ids)).toBeUndefined();
    await starts.adopt(me, 'a', ids);
    expect(await brokers.pendingEntries('a')).toEqual([[ids[0], 'other', 2]]);
  });

  it('do not include what was never handed out, events, what has expired, and what names no caller', async () => {
    const brokers = await TestBrokers.open();
    const starts = new StartBroker(brokers.link, brokers.keys, () => 'service');
    await brokers.group().ensureGroup('a', 'r', false);
    await brokers.add('a', eventLine);
    await brokers.add('a', requestLine(callerId(), '1', 1));
    for (const line of UNREADABLE) await brokers.add('a', line);
    await brokers.owner('me');
    await brokers.hand('a', 'me');
    await brokers.add('a', requestLine(callerId()));
    await brokers.redis.xgroup('DELCONSUMER', brokers.keys.stream('a'), 'service', 'me');
    await eventually(async () => {
      expect(await starts.orphans('a', '', 10)).toEqual({ next: '', ids: [] });
    });
  });
});

describe('L22: idempotency keys', () => {
  const stored = (result: string) => ({ kind: 'stored', result });
  const claim = async (starts: StartBroker, name: string, digest = 'one') =>
    (await starts.claimKeys('a', [{ pattern: 'a', key: 'key', name, digest }]))[0];

  it('the first runs, those that come meanwhile wait, another payload is refused', async () => {
    const { starts, ids } = await handed(2);
    expect(await claim(starts, ids[0]!)).toEqual({ kind: 'run' });
    expect(await claim(starts, ids[0]!)).toEqual({ kind: 'run' });
    expect(await claim(starts, ids[1]!)).toEqual({ kind: 'wait' });
    expect(await claim(starts, ids[1]!, 'two')).toEqual({ kind: 'mismatch' });
  });

  it('running counts only while the entry exists', async () => {
    const { brokers, starts, ids } = await handed(3);
    await claim(starts, ids[0]!);
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[0]!);
    expect(await claim(starts, ids[1]!)).toEqual({ kind: 'run' });
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[1]!);
    expect(await claim(starts, ids[2]!, 'two')).toEqual({ kind: 'run' });
  });

  it('of a call of a pack, it counts only while that call has not ended', async () => {
    const { brokers, starts, ids } = await handed(2);
    const [pack, later] = ids as [string, string];
    const part = brokers.keys.part('a');
    expect(await claim(starts, `${pack}#1`)).toEqual({ kind: 'run' });
    expect(await claim(starts, `${pack}#1`)).toEqual({ kind: 'run' });
    expect(await claim(starts, `${pack}#0`)).toEqual({ kind: 'wait' });
    await brokers.redis.hset(part, pack, 'xt.');
    expect(await claim(starts, later)).toEqual({ kind: 'wait' });
    await brokers.redis.hset(part, pack, 'xx.');
    expect(await claim(starts, `${later}#0`)).toEqual({ kind: 'run' });
    await brokers.redis.hdel(part, pack);
    await brokers.redis.xdel(brokers.keys.stream('a'), later);
    expect(await claim(starts, pack)).toEqual({ kind: 'run' });
  });

  it('those of one turn are asked about in one script, each as if it came alone', async () => {
    const { brokers, starts, ids } = await handed(4);
    const command = vi.spyOn(brokers.link, 'command');
    const entry = (at: number, key: string) => ({
      ...{ pattern: 'a', key, name: ids[at]!, digest: 'one' },
    });
    await brokers.redis.set(brokers.keys.idempotency('service', 'a', 'no record'), 'x');
    await brokers.redis.hset(brokers.keys.idempotency('service', 'a', 'a hash'), 'x', 'y');
    const asked = [
      entry(0, 'k'),
      entry(1, 'k'),
      entry(2, 'l'),
      entry(3, 'no record'),
      entry(3, 'a hash'),
    ];
    await starts.claimKeys('a', [entry(2, 'l')]);
    command.mockClear();
    expect((await starts.claimKeys('a', asked)).map(({ kind }) => kind)).toEqual([
      ...['run', 'wait', 'run', 'unreadable', 'unreadable'],
    ]);
    expect(command).toHaveBeenCalledOnce();
    expect(await starts.claimKeys('a', [])).toEqual([]);
  });

  it('all of several that are to run are answered with one word', async () => {
    const { brokers, starts, ids } = await handed(3);
    const entries = ids.map((name, i) => ({ pattern: 'a', key: `k${i}`, name, digest: 'one' }));
    const command = vi.spyOn(brokers.link, 'command');
    expect(await starts.claimKeys('a', entries)).toEqual(entries.map(() => ({ kind: 'run' })));
    expect(await command.mock.results.at(-1)!.value).toBe('run');
    // Who asks about one gets two texts: clients in other languages ask so.
    await starts.claimKeys('a', entries.slice(0, 1));
    expect(await command.mock.results.at(-1)!.value).toEqual(['run', '']);
  });

  it('long results are asked for in several scripts', async () => {
    const { brokers, starts, ids } = await handed(5);
    const result = 'x'.repeat(700_000);
    const entries = ids.map((name, i) => ({ pattern: 'a', key: `k${i}`, name, digest: 'one' }));
    for (const { key } of entries.slice(1)) {
      const record = brokers.keys.idempotency('service', 'a', key);
      await brokers.redis.set(record, endedRecord('one', result));
    }
    const command = vi.spyOn(brokers.link, 'command');
    const claims = await starts.claimKeys('a', entries);
    expect(claims).toEqual([{ kind: 'run' }, ...entries.slice(1).map(() => stored(result))]);
    // Two results are enough for an answer.
    expect(command.mock.calls.filter(([name]) => name === 'evalsha')).toHaveLength(2);
  });

  it('those that run in other streams are waited for, whichever these are', async () => {
    const { brokers, starts, ids } = await handed(5);
    const there = [await brokers.add('b'), await brokers.add('c'), await brokers.add('d')];
    await brokers.redis.hset(brokers.keys.part('d'), there[2]!, '.x');
    await brokers.redis.xdel(brokers.keys.stream('c'), there[1]!);
    const entries = ids.map((name, i) => ({ pattern: 'a', key: `k${i}`, name, digest: 'one' }));
    for (const [i, stream] of ['b', 'c', 'd', 'd'].entries()) {
      const record = brokers.keys.idempotency('service', 'a', `k${i}`);
      // The last two are calls of a pack, of which the second has ended.
      const by = stream === 'd' ? `${there[2]}#${i - 2}` : there[i]!;
      await brokers.redis.set(record, runningRecord('one', by, stream));
    }
    const claims = await starts.claimKeys('a', entries);
    expect(claims.map(({ kind }) => kind)).toEqual(['wait', 'run', 'wait', 'run', 'run']);
  });

  it('later ones get the result; a fault of the transport is no result, and frees the key', async () => {
    const { group, starts, me, ids } = await handed(3);
    const settle = (id: string, result: string | undefined, digest = 'one') =>
      group.settleChecked(me, {
        ...{ stream: 'a', id, incarnation: 'memory', drop: true, answer: undefined },
        keyed: { pattern: 'a', key: 'key', digest, result },
      });
    await claim(starts, ids[0]!);
    expect(await settle(ids[0]!, undefined)).toBe('ok');
    expect(await claim(starts, ids[1]!, 'two')).toEqual({ kind: 'run' });
    expect(await settle(ids[1]!, '[[1,5]]', 'two')).toBe('ok');
    expect(await claim(starts, ids[2]!, 'two')).toEqual({ kind: 'stored', result: '[[1,5]]' });
    expect(await claim(starts, ids[2]!)).toEqual({ kind: 'mismatch' });
  });
});
