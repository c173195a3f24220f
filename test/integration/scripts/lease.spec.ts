import { TestBrokers } from '../../support/brokers.js';

const TTL = 60_000;
const me = { consumer: 'me', token: 'mine' };
const other = { consumer: 'other', token: 'theirs' };

describe('leases', () => {
  it('are taken, renewed and counted', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    expect(await leases.renew(me, { ttl: TTL, take: false })).toMatchObject({ kind: 'missing' });
    expect(await leases.renew(me, { ttl: TTL, take: true })).toMatchObject({
      kind: 'ok',
      members: 1,
      notices: [],
    });
    expect(await leases.renew(other, { ttl: TTL, take: true })).toMatchObject({
      kind: 'ok',
      members: 2,
    });
    expect(await leases.renew(me, { ttl: 2 * TTL, take: false })).toMatchObject({
      kind: 'ok',
      members: 2,
    });
    expect(await brokers.redis.pttl(brokers.keys.lease('me'))).toBeGreaterThan(TTL);
    expect(await leases.look(['me', 'nobody'])).toEqual([
      { value: 'mine', left: expect.any(Number) },
      { value: '', left: -2 },
    ]);
  });

  it('forget members whose lease has ended', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    await brokers.redis.zadd(brokers.keys.members('service'), 1, 'dead');
    expect(await leases.renew(me, { ttl: TTL, take: true })).toMatchObject({ members: 1 });
  });

  it('are fenced by another token and by a tombstone', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    await leases.renew(me, { ttl: TTL, take: true });
    expect(await leases.renew({ ...me, token: 'x' }, { ttl: TTL, take: true })).toMatchObject({
      kind: 'fenced',
    });
    await leases.release(me, []);
    expect(await leases.renew(me, { ttl: TTL, take: true })).toMatchObject({ kind: 'fenced' });
    expect(await brokers.redis.get(brokers.keys.lease('me'))).toBe('+');
    expect(await brokers.redis.pttl(brokers.keys.lease('me'))).toBeGreaterThan(3_600_000);
  });

  it('hand over cancellations once', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    const caller = await brokers.caller();
    await leases.renew(me, { ttl: TTL, take: true });
    await caller.broker.abort('me', ['["a","1-1"]', '["a","1-2"]']);
    expect(await brokers.redis.pttl(brokers.keys.inbox('me'))).toBeGreaterThan(0);
    expect(await leases.renew(me, { ttl: TTL, take: false })).toMatchObject({
      notices: ['["a","1-1"]', '["a","1-2"]'],
    });
    expect(await leases.renew(me, { ttl: TTL, take: false })).toMatchObject({ notices: [] });
  });

  it('are revoked only when they are missing, and only by a consumer that has a lease', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    expect(await leases.revoke(me, 'other')).toBe('missing');
    await leases.renew(me, { ttl: TTL, take: true });
    await leases.renew(other, { ttl: TTL, take: true });
    expect(await leases.revoke(me, 'other')).toBe('alive');
    await brokers.redis.del(brokers.keys.lease('other'));
    expect(await leases.revoke(me, 'other')).toBe('revoked');
    expect(await leases.revoke(me, 'other')).toBe('revoked');
    expect(await leases.renew(other, { ttl: TTL, take: true })).toMatchObject({ kind: 'fenced' });
  });
});

describe('announcements', () => {
  const patterns = [
    { pattern: 'a', once: false },
    { pattern: 'b', once: true },
  ];

  it('name the group and the member that answer a pattern, and say that it was served before', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    await leases.renew(me, { ttl: TTL, take: true });
    expect(await leases.announce(me, patterns, TTL, true)).toEqual({ kind: 'ok' });
    expect(await brokers.redis.zrange(brokers.keys.live('a'), '0', '-1')).toEqual([
      '.',
      'service me -',
    ]);
    expect(await brokers.redis.zrange(brokers.keys.live('b'), '0', '-1')).toEqual([
      '.',
      'service me once',
    ]);
    await leases.release(me, patterns);
    expect(await brokers.redis.zrange(brokers.keys.live('a'), '0', '-1')).toEqual(['.']);
    expect(await brokers.redis.zcard(brokers.keys.members('service'))).toBe(0);
  });

  it('say what callers may do, in words of which the last tells what may be started once', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    await leases.renew(me, { ttl: TTL, take: true });
    const said = { pattern: 'a', once: true, spread: 8 };
    for (const [packs, words] of [
      [true, 'packs spread=8 once'],
      [false, 'spread=8 once'],
    ] as const) {
      await leases.announce(me, [{ ...said, packs }], TTL, true);
      const members = await brokers.redis.zrange(brokers.keys.live('a'), '0', '-1');
      expect(members).toEqual(['.', `service me ${words}`]);
    }
  });

  it('of another live group are a conflict, and nothing is announced', async () => {
    const brokers = await TestBrokers.open();
    await brokers.leases('theirs').renew(other, { ttl: TTL, take: true });
    await brokers.leases('theirs').announce(other, [patterns[1]!], TTL, true);
    const leases = brokers.leases();
    await leases.renew(me, { ttl: TTL, take: true });
    expect(await leases.announce(me, patterns, TTL, true)).toEqual({
      kind: 'conflict',
      pattern: 'b',
      group: 'theirs',
    });
    expect(await brokers.redis.exists(brokers.keys.live('a'))).toBe(0);
    expect(await leases.announce(me, patterns, TTL, false)).toEqual({ kind: 'ok' });
  });

  it('of a group that is gone are no conflict', async () => {
    const brokers = await TestBrokers.open();
    await brokers.redis.zadd(brokers.keys.live('a'), Date.now() - 1000, 'theirs other -');
    await brokers.leases().renew(me, { ttl: TTL, take: true });
    expect(await brokers.leases().announce(me, patterns, TTL, true)).toEqual({ kind: 'ok' });
  });

  it('need a lease', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    expect(await leases.announce(me, patterns, TTL, false)).toEqual({ kind: 'missing' });
    await leases.renew(other, { ttl: TTL, take: true });
    const thief = { ...other, token: 'x' };
    expect(await leases.announce(thief, patterns, TTL, false)).toEqual({ kind: 'fenced' });
  });

  it('are withdrawn page by page', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    const many = Array.from({ length: 450 }, (_, i) => ({ pattern: `p${i}`, once: false }));
    await leases.renew(me, { ttl: TTL, take: true });
    expect(await leases.announce(me, many, TTL, true)).toEqual({ kind: 'ok' });
    await leases.release(me, many);
    for (const { pattern } of [many[0]!, many[449]!]) {
      expect(await brokers.redis.zrange(brokers.keys.live(pattern), '0', '-1')).toEqual(['.']);
    }
    expect(await brokers.redis.get(brokers.keys.lease('me'))).toBe('+');
  });
});

describe('facts', () => {
  it('are noted by who holds the lease, and go with it', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    const facts = brokers.keys.facts('service');
    expect(await leases.noteFacts(me, 'text')).toBe('missing');
    for (const owner of [me, other]) await leases.renew(owner, { ttl: TTL, take: true });
    expect(await leases.noteFacts({ ...me, token: 'x' }, 'text')).toBe('fenced');
    for (const owner of [me, other]) expect(await leases.noteFacts(owner, 'text')).toBe('ok');
    expect(await brokers.redis.hgetall(facts)).toEqual({ me: 'text', other: 'text' });
    expect(await brokers.redis.pttl(facts)).toBeGreaterThan(3_600_000);
    await leases.release(me, []);
    expect(await brokers.redis.hkeys(facts)).toEqual(['other']);
    const third = await brokers.owner();
    await brokers.redis.del(brokers.keys.lease('other'));
    expect(await leases.revoke(third, 'other')).toBe('revoked');
    expect(await brokers.redis.exists(facts)).toBe(0);
  });
});
