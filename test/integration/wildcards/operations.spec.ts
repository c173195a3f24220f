import type { Redis } from 'ioredis';
import type {
  KnownFrom,
  WantedStream,
} from '../../../libs/redis-stream-transport/src/redis/lease-broker.js';
import { callerId, requestLine, TestBrokers } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

const wildcard = { text: 'orders.*', answers: true };
const terms = { ttl: 60_000, groupTtl: 60_000, came: undefined };
/** What a group wants of a stream. */
const of = (name: string, changes: Partial<WantedStream> = {}): WantedStream => ({
  ...{ name, texts: ['orders.*'], listens: true, groupTtl: 60_000, ttl: 60_000, again: undefined },
  announcement: { pattern: name, once: false, wild: true },
  ...changes,
});
const LONG_AGO = 1;
const ownStream = (pattern: string) => ({ stream: pattern, pattern });
const dueLater = { schedule: { messageId: undefined } };

/** Brokers, a consumer whose group has a wildcard, and a stream that is known. */
async function setup(url?: string) {
  const brokers = await TestBrokers.open(url);
  const { keys, redis } = brokers;
  const owner = await brokers.owner();
  const leases = brokers.leases();
  await leases.announceWildcards(owner, [wildcard], terms);
  const makeKnown = async (name: string): Promise<void> => {
    await redis.zadd(keys.streams(), LONG_AGO, `s${name}`);
  };
  const names = async () => (await leases.knownStreams({ time: 0, after: '' }, 100)).names;
  return { brokers, keys, redis, owner, leases, makeKnown, names };
}

/** Until when groups count that have no instance left, by members of `wildcards`. */
async function counting(redis: Redis, key: string): Promise<Record<string, number>> {
  const all = await redis.zrange(key, '0', '-1', 'WITHSCORES');
  const pairs = all.flatMap((member, i) => (i % 2 === 0 ? [[member, Number(all[i + 1])]] : []));
  return Object.fromEntries(pairs.filter(([member]) => String(member).includes(' . k ')));
}

describe('a stream becomes known', () => {
  test('with its first entry, once, and is told', async () => {
    const { brokers, names } = await setup();
    const caller = await brokers.caller();
    const section = { mode: 0, hasExtraFields: false } as const;
    const batch = (stream: string, pattern: string) => ({
      ...section,
      ...{ stream, pattern, entries: [['1 json - - 0', '1']] as const },
    });
    await caller.enqueue(1, [batch('orders.a', 'orders.a'), batch('lane', 'orders.b')]);
    await caller.enqueue(2, [batch('orders.a', 'orders.a')]);
    expect(await names()).toEqual(['orders.a']);
  });

  test('with an event that has a message id or is due later, and the section after it is read', async () => {
    const { brokers, names, redis, keys } = await setup();
    const caller = await brokers.caller();
    const entry = (due: string, window: string) =>
      [['id', due, window, 'c', '1 json - - 0', 'd', '1']] as const;
    const section = { mode: 0, hasExtraFields: true } as const;
    await caller.enqueue(1, [
      {
        ...section,
        ...ownStream('orders.once'),
        schedule: { messageId: 'a' },
        entries: entry('', '9'),
      },
      { ...section, ...ownStream('orders.later'), ...dueLater, entries: entry('+60000', '0') },
      { ...section, ...ownStream('orders.last'), entries: [['c', '1 json - - 0', 'd', '1']] },
    ]);
    expect(new Set(await names())).toEqual(new Set(['orders.once', 'orders.later', 'orders.last']));
    expect(await redis.xlen(keys.stream('orders.once'))).toBe(1);
    expect(await redis.zcard(keys.when('orders.later'))).toBe(1);
    expect(await redis.xlen(keys.stream('orders.last'))).toBe(1);
  });

  test('only where a service has wildcards, or may have had some before Redis lost its memory', async () => {
    const brokers = await TestBrokers.open();
    const { keys, redis } = brokers;
    const caller = await brokers.caller();
    const entries = [['1 json - - 0', '1']] as const;
    const section = { stream: 'a', pattern: 'a', mode: 0, hasExtraFields: false, entries } as const;
    await redis.hset(keys.incarnation(), 'born', 1);
    await caller.enqueue(1, [section]);
    expect(await redis.exists(keys.streams())).toBe(0);
    await redis.hset(keys.incarnation(), 'born', Date.now());
    await caller.enqueue(2, [section]);
    expect(await redis.zscore(keys.streams(), 'sa')).not.toBeNull();
    // If no such service comes, it goes again.
    expect(await redis.pttl(keys.streams())).toBeGreaterThan(0);
    expect(await redis.pttl(keys.streams())).toBeLessThan(3_600_000);
    await brokers.leases().announceWildcards(await brokers.owner(), [wildcard], terms);
    expect(await redis.pttl(keys.streams())).toBeGreaterThan(86_400_000);
  });

  test('for longer where the group counts for longer', async () => {
    const { leases, owner, redis, keys } = await setup();
    const month = 30 * 86_400_000;
    await leases.announceWildcards(owner, [wildcard], { ...terms, groupTtl: month });
    await leases.announceWildcards(owner, [wildcard], terms);
    for (const key of [keys.streams(), keys.looked(), keys.wildcards()])
      expect(await redis.pttl(key)).toBeGreaterThan(month - 60_000);
  });

  test('when it is cleaned, if it is that of a pattern: a later release may have a wildcard instead', async () => {
    const { brokers, names, redis, keys } = await setup();
    const limits = { groupTtl: 60_000, count: undefined, age: undefined, page: 10, trim: 10 };
    const group = brokers.group('named');
    await group.ensureGroup('orders.a', 'r', false);
    const told = await brokers.heard(keys.streams());
    await group.clean('orders.a', 'r', limits);
    expect(await names()).toEqual([]);
    await group.clean('orders.a', 'r', { ...limits, isOwn: true });
    await group.clean('orders.a', 'r', { ...limits, isOwn: true });
    expect(await names()).toEqual(['orders.a']);
    await expect.poll(() => told).toEqual(['orders.a']);
    await redis.del(keys.streams());
    await group.clean('orders.a', 'r', { ...limits, isOwn: true });
    expect(await redis.exists(keys.streams())).toBe(0);
  });

  test('and is listed, page by page, where others go meanwhile that became known at the same time', async () => {
    const { redis, keys, leases, makeKnown } = await setup();
    const all = ['a', 'b', 'é', '\u{1F600}', 'z'.repeat(1000), '~'];
    for (const name of all) await makeKnown(name);
    await redis.zadd(keys.streams(), LONG_AGO, `s${'x'.repeat(10_000)}`);
    const found: string[] = [];
    let next: KnownFrom | undefined = { time: 0, after: '' };
    for (let pages = 0; next !== undefined && pages < 20; pages++) {
      const page = await leases.knownStreams(next, 2);
      found.push(...page.names);
      for (const name of page.names) await redis.zrem(keys.streams(), `s${name}`);
      next = page.next;
    }
    expect(found.toSorted()).toEqual(all.toSorted());
  });

  test('and wildcards are forgotten that no instance of their group had for its groupTtl, whether it has looked or not', async () => {
    const { brokers, redis, keys, leases, owner } = await setup();
    const marks = async () => (await redis.zrange(keys.looked(), '0', '-1')).toSorted();
    const [short, long] = ['short', 'long'].map((group) => brokers.leases(group));
    const away = { consumer: 'away', token: 'away' };
    for (const one of [short, long]) await one!.renew(away, { ttl: 60_000, take: true });
    const texts = ['*', 'orders.*'].map((text) => ({ text, answers: false }));
    await long!.announceWildcards(away, texts, { ...terms, groupTtl: 3_600_000 });
    await short!.announceWildcards(away, texts, { ...terms, groupTtl: 1 });
    await short!.noteLooked(Date.now(), ['*']);
    for (const one of [short, long]) await one!.withdrawWildcards(away, texts, 1);
    const all = ['long *', 'long orders.*', 'service orders.*', 'short *', 'short orders.*'];
    // While the lease may hold they count, though it is longer than groupTtl.
    await leases.announceWildcards(owner, [wildcard], { ...terms, ttl: 1 });
    expect(await marks()).toEqual(all);
    for (const [member, score] of Object.entries(await counting(redis, keys.wildcards())))
      await redis.zadd(keys.wildcards(), score - 120_000, member);
    await leases.announceWildcards(owner, [wildcard], { ...terms, ttl: 1 });
    expect(await marks()).toEqual(all.slice(0, 3));
    const known = await redis.zrange(keys.streams(), '0', '-1');
    expect(known.toSorted()).toEqual(all.slice(0, 3).map((mark) => `g${mark}`));
  });

  test('and a wildcard counts for the longest groupTtl of its group', async () => {
    const { redis, keys, leases, owner } = await setup();
    const until = async () => Number(await redis.zscore(keys.wildcards(), 'service . k orders.*'));
    const first = await until();
    expect(first).toBeGreaterThan(Date.now() + 50_000);
    await leases.announceWildcards(owner, [wildcard], { ...terms, groupTtl: 3_600_000 });
    const longer = await until();
    expect(longer).toBeGreaterThan(first + 3_000_000);
    await leases.announceWildcards(owner, [wildcard], terms);
    expect(await until()).toBe(longer);
  });

  test('names that cannot be patterns are not read, and a page has its bound', async () => {
    const { redis, keys, leases, names } = await setup();
    await redis.zadd(keys.streams(), 5, `s${'x'.repeat(1_048_576)}`, 6, 'no stream', 7, 'sok');
    expect(await names()).toEqual(['ok']);
    const page = await leases.knownStreams({ time: 0, after: '' }, 2);
    expect(page).toMatchObject({ names: [], next: { time: 6, after: 'no stream' } });
    expect((await leases.knownStreams(page.next as never, 2)).names).toEqual(['ok']);
  });
});

describe('a claim', () => {
  test('of what is not known, or is gone, is none, and its name is forgotten', async () => {
    const { leases, owner, makeKnown, names } = await setup();
    expect(await leases.claimStream(owner, of('a'))).toEqual({ kind: 'gone' });
    await makeKnown('orders.gone');
    const gone = await leases.claimStream(owner, of('orders.gone'));
    expect([gone.kind, await names()]).toEqual(['gone', []]);
  });

  /** A known stream, and another group. */
  async function contested() {
    const all = await setup();
    const { brokers, makeKnown } = all;
    await brokers.add('orders.a');
    await makeKnown('orders.a');
    const other = brokers.leases('other');
    const another = await brokers.owner('another', 'other');
    return { ...all, other, another };
  }
  const claim = of('orders.a');
  const silent = { announcement: undefined };

  test('of requests has one group only', async () => {
    const { leases, owner, other, another } = await contested();
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'ok' });
    expect(await other.claimStream(another, claim)).toMatchObject({ kind: 'left', to: 'service' });
    const requestsOnly = { ...claim, listens: false };
    const taken = { kind: 'taken', to: 'service' };
    expect(await other.claimStream(another, requestsOnly)).toEqual(taken);
    expect(await other.claimStream(another, of('orders.a', silent))).toMatchObject({ kind: 'ok' });
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'ok' });
  });

  test('is announced in the same step: who names the pattern sees it, and is seen', async () => {
    const { leases, owner, other, another, redis, keys } = await contested();
    const named = [{ pattern: 'orders.a', once: false }];
    const announce = () => other.announce(another, named, 60_000, true);
    await leases.claimStream(owner, claim);
    const yields = { pattern: 'orders.a', group: 'service' };
    expect(await announce()).toEqual({ kind: 'ok', yields });
    await redis.del(keys.live('orders.a'), keys.groups('orders.a'));
    expect(await announce()).toEqual({ kind: 'ok' });
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'left', to: 'other' });
    expect(await other.announce(another, named, 60_000, true)).toEqual({ kind: 'ok' });
  });

  test('is anew, and then the group that names the pattern has it, though both answered', async () => {
    const { brokers, leases, owner, other, another, redis, keys } = await contested();
    const again = of('orders.a', { again: 'anew' });
    await leases.claimStream(owner, claim);
    await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    expect(await leases.claimStream(owner, again)).toMatchObject({ kind: 'ok' });
    // The lease of one was lost, and the other one began meanwhile.
    await redis.del(keys.live('orders.a'));
    const named = [{ pattern: 'orders.a', once: false }];
    expect(await other.announce(another, named, 60_000, true)).toEqual({ kind: 'ok' });
    await brokers.group('other').ensureGroup('orders.a', 'r', false);
    await leases.announce(owner, [{ ...again.announcement!, packs: true }], 60_000, false);
    expect(await leases.claimStream(owner, again)).toMatchObject({ kind: 'left', to: 'other' });
    expect(await redis.hget(keys.groups('orders.a'), 'service')).toMatch(/^\d+ e /);
    const live = await redis.zrange(keys.live('orders.a'), '0', '-1');
    expect(live.filter((member) => member !== '.')).toEqual(['other another -']);
    // Who handles requests only goes on to read it, and leaves them.
    const requests = { ...again, listens: false };
    expect(await leases.claimStream(owner, requests)).toMatchObject({ kind: 'left', to: 'other' });
  });

  test('is anew when a service has come that names the pattern: that one begins after what the other one goes on with', async () => {
    const { brokers, leases, owner, other, another, redis, keys } = await contested();
    const again = of('orders.a', { again: 'anew' });
    await leases.claimStream(owner, claim);
    await brokers.group().ensureGroup('orders.a', 'r', true, { from: '1-0' });
    const add = () => brokers.add('orders.a', requestLine(callerId()));
    const [running, ended, next] = [await add(), await add(), await add()];
    await brokers.hand('orders.a', 'w1');
    await redis.xack(keys.stream('orders.a'), 'service', ended);
    await redis.xdel(keys.stream('orders.a'), ended);
    const told = await brokers.heard(keys.streams());
    const named = [{ pattern: 'orders.a', once: false }];
    const yields = { pattern: 'orders.a', group: 'service' };
    expect(await other.announce(another, named, 60_000, true)).toEqual({ kind: 'ok', yields });
    await expect.poll(() => told).toEqual(['orders.a']);
    const left = { kind: 'left', to: 'other', upTo: next };
    expect(await leases.claimStream(owner, again)).toMatchObject(left);
    expect(await other.announce(another, named, 60_000, true)).toEqual({ kind: 'ok' });
    // It is said to each instance, and for as long as another group has it.
    expect(await leases.claimStream(await brokers.owner('w2'), again)).toMatchObject(left);
    const later = await add();
    expect(await brokers.group('other').ensureGroup('orders.a', 'r', false)).toMatchObject({
      state: 'new',
    });
    expect(await leases.claimStream(owner, again)).toMatchObject(left);
    expect(await brokers.hand('orders.a', 'another', 10, 'other')).toEqual([later]);
    // What is pending in the other group is no orphan of this one; what is pending nowhere is.
    const orphans = async () => (await brokers.starts('other').orphans('orders.a', '', 100)).ids;
    expect(await orphans()).toEqual([]);
    await brokers.starts('other').adopt(another, 'orders.a', [running, next]);
    expect(await brokers.pendingEntries('orders.a', 'other')).toHaveLength(1);
    await redis.xack(keys.stream('orders.a'), 'service', next);
    expect(await orphans()).toContain(next);
    await brokers.starts('other').adopt(another, 'orders.a', [running, next]);
    const pending = await brokers.pendingEntries('orders.a', 'other');
    expect(pending.map(([id]) => id)).toEqual([next, later]);
    // Who answers it again, because that one has gone, leaves nothing.
    await redis.del(keys.live('orders.a'));
    await redis.hset(keys.groups('orders.a'), 'other', '1 r 0-0');
    expect(await leases.claimStream(owner, again)).toMatchObject({ kind: 'ok' });
    expect(await redis.hget(keys.groups('orders.a'), 'service wild')).toMatch(/^r \d+$/);
  });

  test('is no conflict by a wildcard, and one by name', async () => {
    const { leases, owner, other, another, brokers } = await contested();
    const flags = { once: true, packs: true };
    const wild = [{ pattern: 'orders.a', wild: true, ...flags }];
    const named = [{ pattern: 'orders.a', ...flags }];
    await leases.announce(owner, wild, 60_000, false);
    const third = brokers.leases('third');
    const one = await brokers.owner('one', 'third');
    expect(await third.announce(one, named, 60_000, true)).toMatchObject({ kind: 'ok' });
    expect(await other.announce(another, named, 60_000, true)).toMatchObject({ kind: 'conflict' });
  });

  test('is anew, and of two groups that both answer by wildcards one keeps the pattern', async () => {
    const { brokers, leases, owner, other, another, redis, keys } = await contested();
    const again = of('orders.a', { again: 'anew' });
    await leases.claimStream(owner, claim);
    await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    await redis.del(keys.live('orders.a'));
    await redis.hset(keys.groups('orders.a'), 'other', `${Date.now()} r 0-0`, 'other wild', 'r 1');
    await leases.announce(owner, [again.announcement!], 60_000, false);
    await other.announce(another, [again.announcement!], 60_000, false);
    const told = await brokers.heard(keys.streams());
    expect(await other.claimStream(another, again)).toMatchObject({ kind: 'ok' });
    expect(told).toEqual([]);
    expect(await leases.claimStream(owner, again)).toMatchObject({ kind: 'left', to: 'other' });
    await expect.poll(() => told).toEqual(['orders.a']);
    expect(await other.claimStream(another, again)).toMatchObject({ kind: 'ok' });
    // The one that had it keeps it from one with a smaller name that comes later.
    const smaller = brokers.leases('a');
    const third = await brokers.owner('third', 'a');
    expect(await smaller.claimStream(third, claim)).toMatchObject({ kind: 'left', to: 'other' });
    expect(await other.claimStream(another, again)).toMatchObject({ kind: 'ok' });
    expect(told).toHaveLength(1);
  });

  test('is anew where its stream is gone but known: Redis has lost its memory', async () => {
    const { leases, owner, redis, keys, makeKnown } = await setup();
    const again = of('orders.a', { again: 'anew' });
    expect(await leases.claimStream(owner, again)).toEqual({ kind: 'gone' });
    await makeKnown('orders.a');
    expect(await leases.claimStream(owner, again)).toMatchObject({ kind: 'ok' });
    expect(await redis.zcard(keys.live('orders.a'))).toBe(2);
  });

  test('succeeds when the group that answered has been away for too long', async () => {
    const { brokers, leases, owner, redis, keys } = await contested();
    await brokers.group('other').ensureGroup('orders.a', 'r', false);
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'left', to: 'other' });
    await brokers.group().ensureGroup('orders.a', 'e', false, { from: '1-0' });
    await redis.hset(keys.groups('orders.a'), 'other', `${Date.now() - 120_000} r 0-0`);
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'ok' });
    expect(await redis.hget(keys.groups('orders.a'), 'service')).toMatch(/^\d+ r /);
  });

  test('says from when events are for the group: since it had a wildcard that matches', async () => {
    const { leases, owner, redis, keys } = await contested();
    const since = async (texts: string[]) => {
      const answer = await leases.claimStream(owner, of('orders.a', { texts }));
      return (answer as { from: string }).from;
    };
    const now = Date.now();
    await redis.zadd(keys.streams(), now - 5000, 'gservice orders.*', now - 9000, 'gservice *');
    const last = '-18446744073709551615';
    expect(await since(['orders.*'])).toBe(`${now - 5001}${last}`);
    expect(await since(['orders.*', '*'])).toBe(`${now - 9001}${last}`);
    // What is older is kept for nobody.
    await redis.zadd(keys.streams(), 5000, 'gservice orders.*');
    const oldest = Number.parseInt(await since(['orders.*']), 10);
    expect(oldest).toBeGreaterThan(now - 60_100);
    expect(oldest).toBeLessThan(now);
    expect(Number.parseInt(await since(['other']), 10)).toBeGreaterThan(Date.now() - 60_000);
  });

  test('is refused for one name whose registry has another type, and one that cannot be announced is none the less', async () => {
    const { leases, owner, redis, keys } = await contested();
    await redis.set(keys.live('orders.a'), 'x');
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'ok' });
    await redis.set(keys.groups('orders.a'), 'x');
    expect(await leases.claimStream(owner, claim)).toEqual({ kind: 'wrong' });
    expect(await leases.retireStream(owner, 'orders.a', -60_000)).toBe('kept');
  });

  test('is fenced', async () => {
    const { leases, owner } = await setup();
    const stranger = { ...owner, token: 'another' };
    expect(await leases.claimStream(stranger, of('orders.a'))).toEqual({ kind: 'fenced' });
    expect(await leases.announceWildcards(stranger, [wildcard], terms)).toEqual({ kind: 'fenced' });
    expect(await leases.retireStream(stranger, 'orders.a', 0)).toBe('fenced');
  });

  test('is possible when memory is full, and so is all that it needs: reading is what frees memory', async () => {
    await using server = await startPrivateRedis();
    const { brokers, leases, owner, makeKnown, redis, keys } = await setup(server.url);
    await brokers.add('orders.a');
    await makeKnown('orders.a');
    await redis.config('SET', 'maxmemory', '1');
    expect(await leases.announceWildcards(owner, [wildcard], terms)).toMatchObject({ kind: 'ok' });
    expect(await leases.claimStream(owner, claim)).toMatchObject({ kind: 'ok' });
    expect(await redis.zcard(keys.live('orders.a'))).toBe(2);
    const made = await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    expect(made).toMatchObject({ state: 'new' });
    const named = [{ pattern: 'orders.a', once: false }];
    expect(await leases.announce(owner, named, 60_000, false)).toEqual({ kind: 'ok' });
    await leases.noteLooked(Date.now(), ['orders.*']);
    await leases.rememberStreams(['orders.b']);
  });
});

describe('a group that a wildcard brings', () => {
  test('says nothing of the memory of Redis, unless it was lost', async () => {
    const { brokers, redis, keys } = await setup();
    await brokers.caller();
    const id = () => redis.hget(keys.incarnation(), 'id');
    const before = await id();
    const made = async (from?: string) => {
      await brokers.group().ensureGroup('orders.a', 'r', false, from === undefined ? {} : { from });
      return (await id()) === before;
    };
    await brokers.add('orders.a');
    expect(await made('1-0')).toBe(true);
    await redis.xgroup('DESTROY', keys.stream('orders.a'), 'service');
    expect(await made('1-0')).toBe(false);
  });

  test('and another one that it names tells that entries may have been delivered', async () => {
    const { brokers, redis, keys } = await setup();
    await brokers.caller();
    const before = await redis.hget(keys.incarnation(), 'id');
    await brokers.add('orders.a');
    await brokers.group().ensureGroup('orders.a', 'r', false);
    expect(await redis.hget(keys.incarnation(), 'id')).not.toBe(before);
  });
});

describe('what Redis has forgotten', () => {
  test('is told apart: one stream, or all that it knew', async () => {
    const { leases, owner, makeKnown, redis, keys } = await setup();
    await makeKnown('orders.a');
    expect(await leases.unknownStreams('orders.*', ['orders.a', 'b'])).toEqual(['b']);
    await redis.del(keys.streams());
    expect(await leases.unknownStreams('orders.*', ['orders.a', 'b'])).toBeUndefined();
    const earlier = Date.now() - 30_000;
    const answer = await leases.announceWildcards(owner, [wildcard], { ...terms, came: earlier });
    expect(answer).toMatchObject({ kind: 'ok', isNew: true });
    expect(Number(await redis.zscore(keys.streams(), 'gservice orders.*'))).toBe(earlier);
    await leases.rememberStreams(['orders.a']);
    expect(await leases.unknownStreams('orders.*', ['orders.a'])).toEqual([]);
    expect(await leases.announceWildcards(owner, [wildcard], terms)).toMatchObject({
      isNew: false,
    });
  });
});

describe('a pattern that a wildcard stands for is answered by its group', () => {
  async function asked() {
    const all = await setup();
    const { brokers } = all;
    const { broker } = await brokers.caller();
    const answers = async () => {
      const by = await broker.answeredWildcards(100);
      return broker.answerers([{ pattern: 'orders.a', by }]);
    };
    return { ...all, broker, answers };
  }

  test('unless it says that it has no room', async () => {
    const { leases, owner, broker, redis, keys } = await asked();
    const full = { ...wildcard, answers: false };
    await leases.announceWildcards(owner, [full], terms);
    expect(await broker.answeredWildcards(100)).toEqual([]);
    await leases.announceWildcards(owner, [wildcard], terms);
    expect(await broker.answeredWildcards(100)).toHaveLength(1);
    await leases.announceWildcards(owner, [full], terms);
    await leases.withdrawWildcards(owner, [wildcard], terms.groupTtl);
    expect(await redis.zrange(keys.wildcards(), '0', '-1')).toEqual(['service . k orders.*']);
  });

  test('unless another group is registered that does', async () => {
    const { brokers, broker, answers, redis, keys } = await asked();
    expect(await broker.answeredWildcards(100)).toEqual([
      { group: 'service', groupTtl: 60_000, text: 'orders.*' },
    ]);
    expect(await answers()).toEqual([true]);
    await brokers.group('other').ensureGroup('orders.a', 'e', false);
    expect(await answers()).toEqual([true]);
    await brokers.group('named').ensureGroup('orders.a', 'r', false);
    expect(await answers()).toEqual([false]);
    await redis.hset(keys.groups('orders.a'), 'named', `${Date.now() - 120_000} r 0-0`);
    expect(await answers()).toEqual([true]);
  });

  test('if it answers already, and not where nothing can be said', async () => {
    const { brokers, answers, redis, keys } = await asked();
    await brokers.group('named').ensureGroup('orders.a', 'r', false);
    await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    expect(await answers()).toEqual([true]);
    await redis.set(keys.groups('orders.a'), 'x');
    expect(await answers()).toEqual([false]);
  });
});

describe('what a group with wildcards has not looked at', () => {
  const limits = { groupTtl: 60_000, count: undefined, age: undefined, page: 1000, trim: 1000 };

  /** A stream whose only group has handled two events, and the time before them. */
  async function handled() {
    const all = await setup();
    const { brokers, redis, keys } = all;
    const named = brokers.group('named');
    await named.ensureGroup('orders.a', 'e', false);
    const before = Date.now() - 10_000;
    await redis.zadd(keys.streams(), before, 'gservice orders.*');
    await brokers.add('orders.a');
    await brokers.add('orders.a');
    await redis.zadd(keys.streams(), before + 1000, 'sorders.a');
    const ids = await brokers.hand('orders.a', 'me', 10, 'named');
    await redis.xack(keys.stream('orders.a'), 'named', ...ids);
    const clean = async (changes = {}) => {
      await named.clean('orders.a', 'e', { ...limits, ...changes });
      return redis.xlen(keys.stream('orders.a'));
    };
    return { ...all, before, clean };
  }

  test('is kept until it has, and from then on its group counts as any other', async () => {
    const { leases, before, clean, brokers } = await handled();
    expect(await clean()).toBe(2);
    await leases.noteLooked(before + 1000, ['orders.*']);
    expect(await clean()).toBe(2);
    await brokers.group().ensureGroup('orders.a', 'e', false, { from: `${before}-0` });
    await leases.noteLooked(before + 1001, ['orders.*']);
    expect(await clean()).toBe(2);
    expect(await brokers.hand('orders.a', 'wild')).toHaveLength(2);
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('orders.a'), 'service');
    expect(await clean()).toBe(0);
  });

  test('goes where it has looked and reads nothing of it', async () => {
    const { leases, before, clean } = await handled();
    await leases.noteLooked(before + 1001, ['orders.*']);
    // An earlier look that is told later takes nothing back.
    await leases.noteLooked(before, ['orders.*']);
    expect(await clean()).toBe(0);
  });

  test('goes where the group has been away for too long', async () => {
    const { clean } = await handled();
    expect(await clean({ groupTtl: 5000 })).toBe(0);
  });

  test('goes where the wildcard cannot stand for it, or came after it', async () => {
    const { leases, owner, redis, keys, clean, before } = await handled();
    await redis.zrem(keys.looked(), 'service orders.*');
    const others = [
      { text: 'places.*', answers: true },
      { text: 'orders.b*', answers: true },
    ];
    await leases.announceWildcards(owner, others, { ...terms, came: before });
    expect(await clean()).toBe(0);
  });
});

describe('a stream is removed', () => {
  async function used() {
    const all = await setup();
    const { brokers, leases, owner, makeKnown, redis, keys } = all;
    const id = await brokers.add('orders.a');
    await makeKnown('orders.a');
    await leases.claimStream(owner, of('orders.a'));
    await brokers.group().ensureGroup('orders.a', 'r', true, { from: '1-0' });
    const retire = () => leases.retireStream(owner, 'orders.a', -60_000);
    const empty = () => redis.xdel(keys.stream('orders.a'), id);
    return { ...all, id, retire, empty };
  }

  test('when it is empty, nothing is pending and all of its groups came by wildcards', async () => {
    const { retire, empty, redis, keys, names } = await used();
    expect(await retire()).toBe('kept');
    await empty();
    expect(await retire()).toBe('retired');
    expect(await redis.exists(keys.stream('orders.a'), keys.groups('orders.a'))).toBe(0);
    expect(await names()).toEqual([]);
  });

  test('not while something is pending', async () => {
    const { retire, empty, brokers } = await used();
    await brokers.hand('orders.a', 'one');
    await empty();
    expect(await retire()).toBe('kept');
  });

  test('not while a group names it, be it lost at the moment', async () => {
    const { retire, empty, brokers, redis, keys } = await used();
    await brokers.group('named').ensureGroup('orders.a', 'e', false);
    await empty();
    expect(await retire()).toBe('kept');
    await redis.xgroup('DESTROY', keys.stream('orders.a'), 'named');
    expect(await retire()).toBe('kept');
  });

  test('not when a later release of its group names it, whatever an instance of the earlier one does then', async () => {
    const { retire, empty, brokers, leases, owner, redis, keys } = await used();
    await empty();
    await brokers.group().ensureGroup('orders.a', 'r', false);
    expect(await retire()).toBe('kept');
    expect(await leases.claimStream(owner, of('orders.a'))).toMatchObject({ kind: 'ok' });
    await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    expect(await retire()).toBe('kept');
    expect(await redis.hexists(keys.groups('orders.a'), 'service wild')).toBe(0);
  });

  test('also when its group was made again by an instance that read it meanwhile', async () => {
    const { retire, empty, brokers, redis, keys } = await used();
    await empty();
    await redis.del(keys.stream('orders.a'), keys.groups('orders.a'));
    await brokers.group().ensureGroup('orders.a', 'r', false, { from: '1-0' });
    expect(await retire()).toBe('retired');
  });

  test('not when it was written a moment ago', async () => {
    const { leases, owner, empty } = await used();
    await empty();
    expect(await leases.retireStream(owner, 'orders.a', 60_000)).toBe('kept');
  });
});
