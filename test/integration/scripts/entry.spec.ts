import { runningRecord } from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import type { Owner } from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { TestBrokers, callerId, requestLine } from '../../support/brokers.js';

async function holding(kind: 'r' | 'e' = 'r') {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  const caller = callerId();
  await broker.ensureGroup('a', kind, false);
  await brokers.add('a', requestLine(caller));
  const owner = await brokers.owner('me');
  const [id] = (await brokers.hand('a', 'me')) as [string];
  const answer = { caller, frame: 'frame', ttlMs: 60_000 };
  return { brokers, broker, caller, owner, id, answer };
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
    broker.retry(owner, { stream: 'a', id: id }, { delay: 10, attempts: 1, state: '', spared: 0 }),
  'dead-letter': ({ broker, id, answer }, owner) =>
    broker.deadLetter(owner, { ...dead, id, answer, fields: ['reason', 'test'] }),
  'no-handler': ({ broker, id, answer }, owner) =>
    broker.noHandler(owner, unhandled(id), answer).then(({ kind }) => kind),
};

describe.each(Object.keys(operations))('the %s script', (name) => {
  const operate = operations[name]!;

  it('changes nothing when the lease is gone, or the entry is not mine', async () => {
    const held = await holding();
    const { brokers, owner, id } = held;
    const lease = brokers.keys.lease('me');
    expect(await operate(held, { ...owner, token: 'x' })).toBe('fenced');
    await brokers.redis.del(lease);
    expect(await operate(held, owner)).toBe('missing');
    await brokers.redis.set(lease, owner.token);
    await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'other', 0, id);
    expect(await operate(held, owner)).toBe('lost');
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', id);
    expect(await operate(held, owner)).toBe('lost');
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await operate(held, owner)).toBe('lost');
    expect(await brokers.ids('a')).toEqual([id]);
    expect(await brokers.frames(held.caller)).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.due('a'), brokers.keys.dead('service'))).toBe(0);
  });
});

describe('the retry script', () => {
  it('notes the due time by the clock of Redis, and keeps the entry pending', async () => {
    const { brokers, broker, owner, id } = await holding();
    expect(
      await broker.retry(
        owner,
        { stream: 'a', id: id },
        { delay: 60_000, attempts: 2, state: 'state', spared: 5 },
      ),
    ).toBe('ok');
    const note = await brokers.redis.hget(brokers.keys.due('a'), `service ${id}`);
    const [at, attempts, state, spared] = note!.split(' ');
    expect(Number(at) - Date.now()).toBeGreaterThan(50_000);
    expect([attempts, state, spared]).toEqual(['2', 'state', '5']);
    expect(await brokers.pendingEntries('a')).toEqual([[id, 'me', 1]]);
  });
});

describe('the dead-letter script', () => {
  it('moves a request and tells its caller', async () => {
    const { brokers, broker, caller, owner, id, answer } = await holding();
    await broker.retry(
      owner,
      { stream: 'a', id: id },
      { delay: 10, attempts: 1, state: '', spared: 0 },
    );
    const fields = ['reason', 'test', 'id', id];
    expect(await broker.deadLetter(owner, { ...dead, id, answer, fields })).toBe('ok');
    const [letter] = await brokers.redis.xrange(brokers.keys.dead('service'), '-', '+');
    expect(letter?.[1]).toEqual(fields);
    expect(await brokers.frames(caller)).toEqual(['frame']);
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.due('a'))).toBe(0);
  });

  it('keeps the entry of an event for the other groups', async () => {
    const { brokers, broker, owner, id } = await holding();
    expect(await broker.deadLetter(owner, { ...dead, id, drop: false })).toBe('ok');
    expect(await brokers.ids('a')).toEqual([id]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
  });

  it('loses nothing when the dead letters cannot be written', async () => {
    const { brokers, broker, owner, id, answer } = await holding();
    await brokers.redis.set(brokers.keys.dead('service'), 'x');
    const moved = broker.deadLetter(owner, { ...dead, id, answer });
    await expect(moved).rejects.toMatchObject({ kind: 'refused' });
    expect(await brokers.pendingEntries('a')).toEqual([[id, 'me', 1]]);
  });
});

describe('the dead-letter script, for special entries', () => {
  it('moves one that was started and may be started once only, but not for another', async () => {
    const { brokers, broker, owner, id, caller, answer } = await holding();
    const key = brokers.keys.started('a');
    await brokers.redis.hset(key, `service ${id}`, 'other');
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', id);
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('lost');
    await brokers.redis.hset(key, `service ${id}`, 'me');
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('ok');
    expect(await brokers.redis.exists(key)).toBe(0);
    expect(await brokers.frames(caller)).toEqual(['frame']);
    expect(await broker.deadLetter(owner, { ...dead, id, answer })).toBe('lost');
    expect(await brokers.redis.xlen(brokers.keys.dead('service'))).toBe(1);
  });

  it('frees the idempotency key under which it ran, and no other', async () => {
    const { brokers, broker, owner, id } = await holding();
    const key = { pattern: 'a', key: 'k' };
    const record = brokers.keys.idempotency('service', 'a', 'k');
    const strange = runningRecord('x', '9-9', 'a');
    await brokers.redis.set(record, strange);
    const second = await brokers.add('a');
    await brokers.hand('a', 'me');
    expect(await broker.deadLetter(owner, { ...dead, id, key })).toBe('ok');
    expect(await brokers.redis.get(record)).toBe(strange);
    await brokers.redis.set(record, runningRecord('x', second, 'a'));
    expect(await broker.deadLetter(owner, { ...dead, id: second, drop: false, key })).toBe('ok');
    expect(await brokers.redis.exists(record)).toBe(0);
  });
});

describe('the no-handler script', () => {
  const live = (brokers: TestBrokers, ...members: string[]) =>
    brokers.redis.zadd(
      brokers.keys.live('a'),
      ...members.flatMap((member) => [Date.now() + 60_000, member]),
    );

  it('answers when no instance announces the pattern', async () => {
    const { brokers, broker, caller, owner, id, answer } = await holding();
    await brokers.redis.zadd(brokers.keys.live('a'), 0, '.', Date.now() - 1, 'service gone -');
    await live(brokers, 'service me -');
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({ kind: 'answered' });
    expect(await brokers.frames(caller)).toEqual(['frame']);
    expect(await brokers.ids('a')).toEqual([]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
  });

  it('acknowledges silently when another live group answers', async () => {
    const { brokers, broker, caller, owner, id, answer } = await holding();
    await live(brokers, 'other x -');
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({ kind: 'acked' });
    expect(await brokers.ids('a')).toEqual([id]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.frames(caller)).toEqual([]);
  });

  it('leaves it to others, away or yet to come, when its group only hears events', async () => {
    const { brokers, broker, caller, owner, id, answer } = await holding('e');
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({ kind: 'acked' });
    expect(await brokers.ids('a')).toEqual([id]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await brokers.frames(caller)).toEqual([]);
    expect(await brokers.redis.hexists(brokers.keys.groups('a'), 'requests until')).toBe(1);
  });

  it('hands it to a member of the group that does, without counting a delivery', async () => {
    const { brokers, broker, owner, id, answer } = await holding();
    await live(brokers, 'service ghost -', 'service newer -');
    await broker.ensureGroup('a', 'r', false, { consumer: 'newer' });
    expect(await broker.noHandler(owner, unhandled(id), answer)).toEqual({
      kind: 'handed',
      to: 'newer',
    });
    expect(await brokers.pendingEntries('a')).toEqual([[id, 'newer', 1]]);
  });

  it('hands it to no member that does not read the stream, and to none when it may not be handed over', async () => {
    for (const [member, mayHand] of [
      ['ghost', true],
      ['newer', false],
    ] as const) {
      const { brokers, broker, caller, owner, id, answer } = await holding();
      await broker.ensureGroup('a', 'r', false, { consumer: 'newer' });
      await live(brokers, `service ${member} -`);
      expect(await broker.noHandler(owner, unhandled(id, mayHand), answer)).toEqual({
        kind: 'answered',
      });
      expect(await brokers.frames(caller)).toEqual(['frame']);
      expect(await brokers.ids('a')).toEqual([]);
    }
  });
});
