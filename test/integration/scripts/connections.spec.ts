import { resolveClientOptions } from '../../../libs/redis-stream-transport/src/options/index.js';
import { Link } from '../../../libs/redis-stream-transport/src/redis/link.js';
import { slotOwner } from '../../../libs/redis-stream-transport/src/redis/cluster/slot-owner.js';
import { OwnConnections } from '../../../libs/redis-stream-transport/src/redis/own-connections.js';
import { TestBrokers } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { onTestFinished } from 'vitest';

const TTL = 60_000;
const me = { consumer: 'me', token: 'mine' };
const other = { consumer: 'other', token: 'theirs' };

const noted = async (grace = 2500, ids = [7, 8, 9]) => {
  const brokers = await TestBrokers.open();
  const leases = brokers.leases();
  await leases.renew(me, { ttl: TTL, take: true });
  await leases.renew(other, { ttl: TTL, take: true, connections: { grace, ids } });
  const [found] = await leases.notedConnections(0, true);
  return { brokers, leases, note: found!.note, key: brokers.keys.sockets('service') };
};

describe('L23: connections', () => {
  it('are noted with a renewal, as long as the lease may last', async () => {
    const { brokers, leases, key } = await noted();
    expect(await leases.notedConnections(0, true)).toEqual([
      { consumer: 'other', note: expect.any(String), grace: 2500, ids: [7, 8, 9] },
    ]);
    expect(await brokers.redis.pttl(key)).toBeGreaterThan(0);
    await leases.renew(other, { ttl: TTL, take: false });
    expect(await leases.notedConnections(0, true)).toEqual([]);
  });

  it('are looked at by one of all who ask', async () => {
    const { leases } = await noted();
    await leases.notedConnections(0, false);
    expect(await leases.notedConnections(TTL, false)).toEqual([]);
    expect(await leases.notedConnections(TTL, true)).toHaveLength(1);
  });

  it('are looked at by others while one of them has a strike and looks again', async () => {
    const { leases } = await noted();
    await leases.notedConnections(TTL, true);
    expect(await leases.notedConnections(TTL, false)).toHaveLength(1);
  });

  it('are looked at although the clock of Redis was set back', async () => {
    const { brokers, leases, key } = await noted();
    await brokers.redis.hset(key, 'looked at', Date.now() + 3_600_000);
    expect(await leases.notedConnections(TTL, false)).toHaveLength(1);
  });

  it("that another life of the server noted are nobody's", async () => {
    const { brokers, leases, key, note } = await noted();
    const earlier = note.replace(/ \w+ /, ` ${'0'.repeat(40)} `);
    await brokers.redis.hset(key, 'other', earlier);
    expect(await leases.notedConnections(0, true)).toEqual([]);
    expect(await leases.revoke(me, 'other', earlier)).toBe('alive');
  });

  it('are forgotten when the lease is over, or when they cannot be read', async () => {
    const { brokers, leases, key, note } = await noted();
    const [, run] = note.split(' ');
    const wrong = [
      '',
      'x',
      note.replace(/^\d+/, '1'),
      `${note} x`,
      `9 ${run}`,
      `${note} ${'1'.repeat(500)}`,
    ];
    for (const [i, text] of wrong.entries()) await brokers.redis.hset(key, `wrong-${i}`, text);
    const found = await leases.notedConnections(0, true);
    expect(found.map(({ consumer }) => consumer)).toEqual(['other']);
    expect(await brokers.redis.hkeys(key)).toEqual(['other']);
  });

  it('of far too many are forgotten at once', async () => {
    const { brokers, leases, key } = await noted();
    const many = Array.from({ length: 2001 }, (_, i) => [`c${i}`, 'x']).flat();
    await brokers.redis.hset(key, ...many);
    expect(await leases.notedConnections(0, true)).toEqual([]);
    expect(await brokers.redis.exists(key)).toBe(0);
  });

  it('are nowhere where something else stands under their key', async () => {
    const { brokers, leases, key } = await noted();
    await brokers.redis.set(key, 'text');
    expect(await leases.notedConnections(0, true)).toEqual([]);
    const connections = { grace: 1, ids: [1] };
    const renewed = await leases.renew(other, { ttl: TTL, take: false, connections });
    expect(renewed).toMatchObject({ kind: 'ok' });
    await leases.release(other, []);
  });

  it('go with their consumer', async () => {
    const { brokers, leases, key, note } = await noted();
    await leases.release(other, []);
    expect(await brokers.redis.hexists(key, 'other')).toBe(0);
    await brokers.redis.hset(key, 'other', note);
    expect(await leases.revoke(me, 'other')).toBe('revoked');
    expect(await brokers.redis.hexists(key, 'other')).toBe(0);
  });

  it('end a lease that has time left, if nothing else was noted since', async () => {
    const { brokers, leases, note } = await noted();
    expect(await leases.revoke(me, 'other')).toBe('alive');
    expect(await leases.revoke({ ...me, token: 'x' }, 'other', note)).toBe('fenced');
    await eventually(async () => {
      const connections = { grace: 2500, ids: [17, 18, 19] };
      await leases.renew(other, { ttl: TTL, take: false, connections });
      const [{ note: later } = { note }] = await leases.notedConnections(0, true);
      expect(later).not.toBe(note);
    });
    expect(await leases.revoke(me, 'other', note)).toBe('alive');
    const [found] = await leases.notedConnections(0, true);
    expect(await leases.revoke(me, 'other', found!.note)).toBe('revoked');
    expect(await brokers.redis.get(brokers.keys.lease('other'))).toBe('+');
    expect(await leases.renew(other, { ttl: TTL, take: true })).toMatchObject({ kind: 'fenced' });
  });

  it('are told apart by Redis: those that are there, and those that are gone', async () => {
    const brokers = await TestBrokers.open();
    const leases = brokers.leases();
    const own = Number(await brokers.link.command('client', ['id']));
    const there = await brokers.redis.client('ID');
    const ids = Array.from({ length: 1000 }, (_, i) => 1_000_000_000 + i);
    const open = await leases.openConnections(own, [...ids, there]);
    expect([...(open ?? [])].sort()).toEqual([own, there].sort());
    expect(await leases.openConnections(1_000_000_000, [there])).toBeUndefined();
    expect(await leases.openConnections(own, [])).toEqual(new Set());
  });

  it('are known to the process that has them, from when they open until they end', async () => {
    const brokers = await TestBrokers.open();
    const keeper = new OwnConnections();
    let cutOffs = 0;
    keeper.whenCutOff(() => cutOffs++);
    const { redis: target } = resolveClientOptions(brokers.address);
    const server = slotOwner(target, brokers.keys.incarnation());
    const observer = { ready: () => {}, closed: () => {}, failed: () => {} };
    const settings = { target, server, maxPause: 100, observer, keeper };
    const links = ['commands', 'subscriber'] as const;
    const [one, two] = links.map(
      (role) => new Link(role, settings, { up: async () => {}, down: () => {} }),
    );
    onTestFinished(async () => void (await Promise.all([one!.stop(), two!.stop()])));
    one!.start();
    two!.start();
    await eventually(() => expect(keeper.ids).toHaveLength(2));
    const [before] = [keeper.idOf(one!)];
    expect(keeper.ids).toContain(before);
    await brokers.redis.client('KILL', 'ID', String(before));
    await eventually(() => expect(keeper.idOf(one!) ?? before).not.toBe(before));
    expect(cutOffs).toBe(0);
    await Promise.all([one!.stop(), two!.stop()]);
    expect(keeper.ids).toEqual([]);
    expect(cutOffs).toBe(1);
  });
});
