import type { Owner } from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { Bench, callerId, requestLine } from '../../support/brokers.js';

async function holding() {
  const bench = await Bench.open();
  const broker = bench.group();
  const caller = callerId();
  await broker.ensureGroup('a', 'r', false);
  await bench.add('a', requestLine(caller));
  const owner = await bench.owner('me');
  const [id] = (await bench.hand('a', 'me')) as [string];
  const answer = { caller, frame: 'frame', ttlMs: 60_000 };
  return { bench, broker, caller, owner, id, answer };
}
type Held = Awaited<ReturnType<typeof holding>>;

const dead = {
  stream: 'a',
  drop: true,
  answer: undefined,
  key: undefined,
  kept: 100,
  fields: ['r', 't'],
};

const unhandled = (id: string, mayHand = true) => ({
  stream: 'a',
  id,
  pattern: 'a',
  deadline: Infinity,
  mayHand,
});

const operations: Record<string, (held: Held, owner: Owner) => Promise<unknown>> = {
  retry: ({ broker, id }, owner) =>
    broker.retry(owner, 'a', id, { delay: 10, attempts: 1, state: '', spared: 0 }),
  'dead-letter': ({ broker, id, answer }, owner) =>
    broker.deadLetter(owner, { ...dead, id, answer, fields: ['reason', 'test'] }),
  'no-handler': ({ broker, id, answer }, owner) =>
    broker.noHandler(owner, unhandled(id), answer).then(({ kind }) => kind),
};

describe.each(Object.keys(operations))('the %s script', (name) => {
  const operate = operations[name]!;

  it('changes nothing when the lease is gone, or the entry is not mine', async () => {
    const held = await holding();
    const { bench, owner, id } = held;
    const lease = bench.keys.lease('me');
    expect(await operate(held, { ...owner, token: 'x' })).toBe('fenced');
    await bench.redis.del(lease);
    expect(await operate(held, owner)).toBe('missing');
    await bench.redis.set(lease, owner.token);
    await bench.redis.xclaim(bench.keys.stream('a'), 'service', 'other', 0, id);
    expect(await operate(held, owner)).toBe('lost');
    await bench.redis.xack(bench.keys.stream('a'), 'service', id);
    expect(await operate(held, owner)).toBe('lost');
    await bench.redis.xgroup('DESTROY', bench.keys.stream('a'), 'service');
    expect(await operate(held, owner)).toBe('lost');
    expect(await bench.ids('a')).toEqual([id]);
    expect(await bench.frames(held.caller)).toEqual([]);
    expect(await bench.redis.exists(bench.keys.due('a'), bench.keys.dead('service'))).toBe(0);
  });
});

describe('the retry script', () => {
  it('notes the due time by the clock of Redis, and keeps the entry pending', async () => {
    const { bench, broker, owner, id } = await holding();
    expect(
      await broker.retry(owner, 'a', id, { delay: 60_000, attempts: 2, state: 'state', spared: 5 }),
    ).toBe('ok');
    const note = await bench.redis.hget(bench.keys.due('a'), `service ${id}`);
    const [at, attempts, state, spared] = note!.split(' ');
    expect(Number(at) - Date.now()).toBeGreaterThan(50_000);
    expect([attempts, state, spared]).toEqual(['2', 'state', '5']);
    expect(await bench.pending('a')).toEqual([[id, 'me', 1]]);
  });
});

describe('the dead-letter script', () => {
  it('moves a request and tells its caller', async () => {
    const { bench, broker, caller, owner, id, answer } = await holding();
    await broker.retry(owner, 'a', id, { delay: 10, attempts: 1, state: '', spared: 0 });
    const fields = ['reason', 'test', 'id', id];
    expect(await broker.deadLetter(owner, { ...dead, id, answer, fields })).toBe('ok');
    const [letter] = await bench.redis.xrange(bench.keys.dead('service'), '-', '+');
    expect(letter?.[1]).toEqual(fields);
    expect(await bench.frames(caller)).toEqual(['frame']);
    expect(await bench.ids('a')).toEqual([]);
    expect(await bench.pending('a')).toEqual([]);
    expect(await bench.redis.exists(bench.keys.due('a'))).toBe(0);
  });

  it('keeps the entry of an event for the other groups', async () => {
    const { bench, broker, owner, id } = await holding();
    expect(await broker.deadLetter(owner, { ...dead, id, drop: false })).toBe('ok');
    expect(await bench.ids('a')).toEqual([id]);
    expect(await bench.pending('a')).toEqual([]);
  });

  it('loses nothing when the dead letters cannot be written', async () => {
    const { bench, broker, owner, id, answer } = await holding();
    await bench.redis.set(bench.keys.dead('service'), 'x');
    const moved = broker.deadLetter(owner, { ...dead, id, answer });
    await expect(moved).rejects.toMatchObject({ kind: 'refused' });
    expect(await bench.pending('a')).toEqual([[id, 'me', 1]]);
  });
});

describe('the dead-letter script, for special entries', () => {
  it('moves one that was started and may be started once only, but not for another', async () => {
    const { bench, broker, owner, id, caller, answer } = await holding();
    const key = bench.keys.started('a');
    await bench.redis.hset(key, `service ${id}`, 'other');
    await bench.redis.xack(bench.keys.stream('a'), 'service', id);
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('lost');
    await bench.redis.hset(key, `service ${id}`, 'me');
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('ok');
    expect(await bench.redis.exists(key)).toBe(0);
    expect(await bench.frames(caller)).toEqual(['frame']);
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('lost');
    expect(await bench.redis.xlen(bench.keys.dead('service'))).toBe(1);
  });

  it('frees the idempotency key under which it ran, and no other', async () => {
    const { bench, broker, owner, id } = await holding();
    const key = { pattern: 'a', key: 'k' };
    const record = bench.keys.idempotency('service', 'a', 'k');
    await bench.redis.hset(record, 'h', 'x', 'e', '9-9');
    const second = await bench.add('a');
    await bench.hand('a', 'me');
    expect(await broker.deadLetter(owner, { ...dead, id, key })).toBe('ok');
    expect(await bench.redis.hget(record, 'e')).toBe('9-9');
    await bench.redis.hset(record, 'e', second);
    expect(await broker.deadLetter(owner, { ...dead, id: second, drop: false, key })).toBe('ok');
    expect(await bench.redis.exists(record)).toBe(0);
  });
});

describe('the no-handler script', () => {
  const live = (bench: Bench, ...members: string[]) =>
    bench.redis.zadd(
      bench.keys.live('a'),
      ...members.flatMap((member) => [Date.now() + 60_000, member]),
    );

  it('answers when nobody announces the pattern', async () => {
    const { bench, broker, caller, owner, id, answer } = await holding();
    await bench.redis.zadd(bench.keys.live('a'), 0, '.', Date.now() - 1, 'service gone -');
    await live(bench, 'service me -');
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({ kind: 'answered' });
    expect(await bench.frames(caller)).toEqual(['frame']);
    expect(await bench.ids('a')).toEqual([]);
    expect(await bench.pending('a')).toEqual([]);
  });

  it('acknowledges silently when another live group answers', async () => {
    const { bench, broker, caller, owner, id, answer } = await holding();
    await live(bench, 'other x -');
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({ kind: 'acked' });
    expect(await bench.ids('a')).toEqual([id]);
    expect(await bench.pending('a')).toEqual([]);
    expect(await bench.frames(caller)).toEqual([]);
  });

  it('hands it to a member of the group that does, without counting a delivery', async () => {
    const { bench, broker, owner, id, answer } = await holding();
    await live(bench, 'service ghost -', 'service newer -');
    await broker.ensureGroup('a', 'r', false, { consumer: 'newer' });
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({
      kind: 'handed',
      to: 'newer',
    });
    expect(await bench.pending('a')).toEqual([[id, 'newer', 1]]);
  });

  it('hands it to nobody who does not read the stream, or when it may not be handed over', async () => {
    for (const [member, mayHand] of [
      ['ghost', true],
      ['newer', false],
    ] as const) {
      const { bench, broker, caller, owner, id, answer } = await holding();
      await broker.ensureGroup('a', 'r', false, { consumer: 'newer' });
      await live(bench, `service ${member} -`);
      expect(await broker.noHandler(owner, unhandled(id, mayHand), answer)).toEqual({
        kind: 'answered',
      });
      expect(await bench.frames(caller)).toEqual(['frame']);
      expect(await bench.ids('a')).toEqual([]);
    }
  });
});
