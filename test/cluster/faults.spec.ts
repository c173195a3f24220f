import { Cluster } from 'ioredis';
import { RedisCluster } from '../../tools/redis/cluster.js';
import { SlotMove } from '../../tools/redis/slot-move.js';
import { eventually } from '../../tools/wait.js';
import { Keys } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { counting, Load } from '../support/load.js';
import { range, Tally } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3, replicas: 1 });
}, 60_000);
afterAll(() => cluster.stop());

/** A service of two instances and a client under load, in one shard. */
async function loaded() {
  const service = new TestService({ cluster });
  const { ran, work } = counting();
  for (let i = 0; i < 2; i++) await service.serve({ messages: { work } });
  const client = await service.connected();
  const load = new Load(client, 8);
  await eventually(() => expect(load.answered).toBeGreaterThan(50));
  const more = async () => {
    const before = load.answered;
    await eventually(() => expect(load.answered).toBeGreaterThan(before + 50), 20_000);
  };
  return { service, ran, load, client, more, key: service.keys.incarnation() };
}

describe('a Cluster of three masters', () => {
  it('takes the patterns of several shards, and everything a call can be', async () => {
    const service = new TestService({ cluster });
    const options = { shards: 6 };
    const events = new Tally();
    const name = (i: number): string => `p${i}`;
    await service.serve(
      {
        messages: Object.fromEntries(range(12).map((i) => [name(i), (n: number) => n + i])),
        events: { told: (n: number) => void events.add(n) },
      },
      options,
    );
    const client = await service.connected(options);
    const calls = range(240).map((n) => client.call(name(n % 12), n));
    expect(await Promise.all(calls)).toEqual(range(240).map((n) => n + (n % 12)));
    await client.call(name(0), 1, { idempotencyKey: 'k', atMostOnce: true });
    await client.tell('told', 1);
    await eventually(() => expect(events.total).toBe(1));
  });

  it('is found through the nodes of an ioredis Cluster that has not connected yet', async () => {
    const service = new TestService({ cluster });
    const given = new Cluster(cluster.addresses.slice(0, 1), { lazyConnect: true });
    onTestFinished(() => given.disconnect());
    const { prefix } = service;
    const where = { url: undefined, cluster: undefined, client: given, prefix };
    await service.serve({ messages: { work: () => 'done' } }, where);
    expect(await (await service.connected(where)).call('work')).toBe('done');
    expect(given.status).toBe('wait');
  });
});

describe('under load', () => {
  it('a planned failover loses nothing and repeats nothing', async () => {
    const { ran, load, more, key } = await loaded();
    const master = await cluster.ownerOf(key);
    const replica = await cluster.replicaOf(master);
    await replica.redis.call('CLUSTER', 'FAILOVER');
    await eventually(async () => expect(await cluster.ownerOf(key)).toBe(replica), 20_000);
    await more();
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    await cluster.settled();
  }, 60_000);

  it('a slot that moves to another master and back loses nothing and repeats nothing', async () => {
    const { ran, load, more, key } = await loaded();
    const from = await cluster.ownerOf(key);
    const masters = await Promise.all(range(3).map((i) => cluster.ownerOf(['a', 'b', 'c'][i]!)));
    const to = masters.find((node) => node !== from)!;
    await cluster.move(key, to);
    await more();
    await cluster.move(key, from);
    await more();
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  }, 60_000);

  it('a slot that is half moved for a while, also when its target fails over, loses nothing and repeats nothing', async () => {
    const { ran, load, more, key } = await loaded();
    const from = await cluster.ownerOf(key);
    const to = (await cluster.masters()).find((node) => node !== from)!;
    const move = await SlotMove.begin(cluster, key, to);
    await move.carry(0.5);
    const { from: kept, to: carried } = await move.places();
    expect(Math.min(kept, carried)).toBeGreaterThan(0);
    await move.failOverTarget();
    await move.finish();
    await more();
    await cluster.move(key, from);
    await more();
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    await cluster.settled();
  }, 60_000);

  it('a master that joins, gets the slot and leaves again loses nothing and repeats nothing', async () => {
    const { ran, load, more, key } = await loaded();
    const owner = await cluster.ownerOf(key);
    const { master, replica } = await cluster.grow(owner);
    await cluster.move(key, master);
    await more();
    await cluster.move(key, owner);
    for (const node of [replica, master]) await cluster.remove(node);
    await more();
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  }, 60_000);

  it('a slot that moves leaves the other shards of its node their connections', async () => {
    const service = new TestService({ cluster });
    const shards = 6;
    const patterns = range(24).map((i) => `p${i}`);
    const messages = Object.fromEntries(patterns.map((name) => [name, () => name]));
    await service.serve({ messages }, { shards });
    const client = await service.connected({ shards });
    const callAll = async () => {
      const answers = await Promise.all(patterns.map((name) => client.call(name)));
      expect(answers).toEqual(patterns);
    };
    await callAll();
    const places = range(shards).map((shard) => new Keys(service.prefix, shard, shards));
    const owners = await Promise.all(places.map((keys) => cluster.ownerOf(keys.incarnation())));
    const from = owners.find((node) => owners.filter((each) => each === node).length > 1)!;
    const moved = places[owners.indexOf(from)]!.incarnation();
    const to = owners.find((node) => node !== from)!;
    const shared = async () => {
      const list = String(await from.redis.client('LIST'));
      const lines = list
        .split('\n')
        .filter((line) => / name=\S*:(commands|subscriber):/.test(line));
      return lines.map((line) => line.split(' ')[0]).toSorted();
    };
    const before = await shared();
    expect(before).toHaveLength(4);
    await cluster.move(moved, to);
    await callAll();
    expect(await shared()).toEqual(before);
    await cluster.move(moved, from);
    await callAll();
    expect(await shared()).toEqual(before);
  }, 60_000);

  it('subscriptions that are cut five times repeat nothing', async () => {
    const { ran, load, more } = await loaded();
    for (let i = 0; i < 5; i++) {
      let cut = 0;
      for (const { redis } of cluster.nodes) {
        cut += Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
      }
      expect(cut).toBeGreaterThan(0);
      await more();
    }
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  }, 60_000);

  it('the death of the master is survived when its replica is promoted', async () => {
    const { load, more, key, ran, client } = await loaded();
    const master = await cluster.ownerOf(key);
    const replica = await cluster.replicaOf(master);
    await master.kill();
    await eventually(async () => expect((await replica.redis.role())[0]).toBe('master'), 20_000);
    const promotedAt = performance.now();
    await client.call('work', { key: -1 }, { timeout: 20_000 });
    // It is a second at most where the processor is not busy.
    expect(performance.now() - promotedAt).toBeLessThan(5000);
    await more();
    await load.stop();
    // What the replica had not received yet may have to be repeated, or is not known to have run.
    expect(load.answered).toBeGreaterThan(load.sent * 0.99);
    expect(ran.total).toBeGreaterThanOrEqual(load.answered);
  }, 60_000);
});
