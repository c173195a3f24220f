import { slotOwner } from '../../libs/redis-stream-transport/src/redis/cluster/slot-owner.js';
import { RedisCluster } from '../../tools/redis/cluster.js';
import { Keys, shardOf } from '../../libs/redis-stream-transport/src/protocol/keys.js';
import { eventually, pause } from '../../tools/wait.js';
import { proxyTo } from '../support/proxy.js';
import { redisUrl } from '../support/redis.js';
import { command } from '../contracts/command.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3 });
}, 60_000);
afterAll(() => cluster.stop());

/** The error that `connect()` ends with after two tries. */
async function refusal(options: object): Promise<unknown> {
  const service = new TestService({ cluster });
  const client = service.client({ retryAttempts: 2, retryDelay: 50, ...options });
  return client.connect().then(
    () => 'connected',
    (error: unknown) => error,
  );
}

describe('the owner of a slot is found', () => {
  it('although most of the given nodes do not answer', async () => {
    const service = new TestService({ cluster });
    const dead = Array.from({ length: 3 }, (_, i) => ({ host: '127.0.0.1', port: 9 + i }));
    const [alive] = cluster.addresses;
    const nodes = { cluster: { nodes: [...dead, alive!] } };
    await service.serve({ messages: { work: () => 'done' } }, nodes);
    expect(await (await service.connected(nodes)).call('work')).toBe('done');
  });

  it('however often it is in doubt, on a connection to each node, and on new ones when these are cut', async () => {
    const target = { kind: 'cluster', nodes: cluster.addresses, options: {} } as const;
    const { find, doubt } = slotOwner(target, '{x}:y')!;
    const made = async () => {
      const texts = await Promise.all(cluster.nodes.map(({ redis }) => redis.info('stats')));
      return texts.map((text) => Number(/total_connections_received:(\d+)/.exec(text)![1]));
    };
    const owner = await find();
    const before = await made();
    for (const _ of range(4)) {
      doubt();
      expect(await find()).toEqual(owner);
    }
    expect(await made()).toEqual(before);
    for (const { redis } of cluster.nodes)
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    doubt();
    expect(await find()).toEqual(owner);
    expect(await made()).toEqual(before.map((count) => count + 1));
  });

  it('for all who are in doubt within 200 ms at once', async () => {
    const target = { kind: 'cluster', nodes: cluster.addresses, options: {} } as const;
    const shards = range(8).map((i) => slotOwner(target, `{${i}}:y`)!);
    const asked = async () => {
      const stats = await cluster.nodes[0]!.redis.info('commandstats');
      return Number(/cmdstat_cluster\|slots:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    await shards[0]!.find();
    const before = await asked();
    const began = performance.now();
    // As the links of a dead master's shards do, each at its own time.
    const links = shards.map(async ({ find, doubt }) => {
      for (const _ of range(4)) {
        doubt();
        await find();
        await pause(Math.random() * 50);
      }
    });
    await Promise.all(links);
    const most = Math.ceil((performance.now() - began) / 200) + 1;
    expect((await asked()) - before).toBeLessThanOrEqual(most);
  });

  it('with credentials that a function gives', async () => {
    for (const { redis } of cluster.nodes) {
      await redis.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all');
    }
    const service = new TestService({ cluster });
    let asked = 0;
    const credentials = () => {
      asked++;
      return { username: 'app', password: 'secret' };
    };
    await service.serve({ messages: { work: () => 'done' } }, { credentials });
    expect(await (await service.connected({ credentials })).call('work')).toBe('done');
    expect(asked).toBeGreaterThan(2);
  });

  it('through the map of a translated network', async () => {
    const service = new TestService({ cluster });
    const natMap: Record<string, { host: string; port: number }> = {};
    const proxies = [];
    for (const { host, port } of cluster.addresses) {
      const { proxy, url } = await proxyTo(`redis://${host}:${port}`);
      proxies.push(proxy);
      natMap[`${host}:${port}`] = { host: '127.0.0.1', port: Number(new URL(url).port) };
    }
    const mapped = { cluster: { nodes: cluster.addresses, options: { natMap } }, shards: 3 };
    await service.serve({ messages: { work: () => 'done' } }, mapped);
    expect(await (await service.connected(mapped)).call('work')).toBe('done');
    // Two of the server and one of the client in each of three shards, and one more of each where there is a pattern.
    const passages = proxies.reduce((sum, proxy) => sum + proxy.passages.size, 0);
    expect(passages).toBe(11);
  });

  it('by names that a function looks up', async () => {
    const service = new TestService({ cluster });
    const names: string[] = [];
    const dnsLookup = (host: string, done: (error: null, address: string) => void) => {
      names.push(host);
      done(null, '127.0.0.1');
    };
    const nodes = cluster.nodes.map(({ port }) => ({ host: 'redis.invalid', port }));
    const named = { cluster: { nodes, options: { dnsLookup } } };
    await service.serve({ messages: { work: () => 'done' } }, named);
    expect(await (await service.connected(named)).call('work')).toBe('done');
    expect(new Set(names)).toEqual(new Set(['redis.invalid']));
  });

  it('by records of a service', async () => {
    const service = new TestService({ cluster });
    const resolveSrv = (_: string, done: (error: null, records: object[]) => void) =>
      done(
        null,
        cluster.nodes.map(({ port }) => ({ name: '127.0.0.1', port, priority: 1, weight: 1 })),
      );
    const options = { useSRVRecords: true, resolveSrv } as object;
    const named = { cluster: { nodes: [{ host: '_redis.invalid', port: 1 }], options } };
    await service.serve({ messages: { work: () => 'done' } }, named);
    expect(await (await service.connected(named)).call('work')).toBe('done');
  });
});

describe('what is wrong is said', () => {
  it('a wrong password', async () => {
    expect(await refusal({ username: 'nobody', password: 'wrong' })).toMatchObject({
      message: expect.stringContaining('WRONGPASS'),
    });
  });

  it('nodes that do not answer', async () => {
    const dead = { cluster: { nodes: [{ host: '127.0.0.1', port: 9 }] } };
    expect(await refusal(dead)).toMatchObject({
      code: 'NOT_CONNECTED',
      cause: {
        message: expect.stringMatching(/no node.* answers: 127\.0\.0\.1:9: .*ECONNREFUSED/),
      },
    });
  });

  it('a server that is no Cluster', async () => {
    const { hostname, port } = new URL(redisUrl);
    const single = { cluster: { nodes: [{ host: hostname, port: Number(port) }] } };
    expect(await refusal(single)).toMatchObject({
      cause: { message: expect.stringMatching(/cluster support disabled.*`url`/) },
    });
  });

  it('a Cluster that is given as one server', async () => {
    const service = new TestService({ url: `redis://127.0.0.1:${cluster.nodes[0]!.port}` });
    const owner = await cluster.ownerOf(service.keys.incarnation());
    const other = cluster.nodes.find((node) => node !== owner)!;
    const url = `redis://127.0.0.1:${other.port}`;
    const client = new TestService({ url, prefix: service.prefix }).client({
      ...{ retryAttempts: 2, retryDelay: 50 },
    });
    await expect(client.connect()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/MOVED.*`cluster: /) },
    });
  });
});

describe('shards, where no number is given', () => {
  const shards = undefined;

  it('are in equal parts on all masters', async () => {
    const service = new TestService({ cluster });
    const names = range(40).map((i) => `p${i}`);
    const messages = Object.fromEntries(names.map((name) => [name, () => name]));
    await service.serve({ messages }, { shards });
    const client = await service.connected({ shards });
    expect(await Promise.all(names.map((name) => client.call(name)))).toEqual(names);
    const keys = range(24).map((i) => new Keys(service.prefix, i, 24).incarnation());
    const owned = await Promise.all(
      cluster.nodes.map(({ redis }) => redis.keys(`{${service.prefix}*}:incarnation`)),
    );
    expect(owned.flat().toSorted()).toEqual(keys.toSorted());
    expect(owned.map((each) => each.length)).toEqual([8, 8, 8]);
    const nodes = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
    const asked = await command('drained', '--cluster', nodes, '--prefix', service.prefix);
    expect(asked).toMatchObject({ code: 1, err: '' });
    expect(asked.out).toContain('callers that are still there: 1');
  });

  it('are refused where a first start has noted one, and the message says what to set', async () => {
    const service = new TestService({ cluster });
    await service.serve({ messages: {} }, { shards: 1 });
    expect(await refusal({ prefix: service.prefix, shards })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^option "shards" is 24 here, and 1 .*: set "shards" to 1 /),
    });
  });
});

it('shares connections for commands and messages between the shards of a node, and reads each shard with patterns apart', async () => {
  const service = new TestService({ cluster });
  const shards = 6;
  const other = ['a', 'b', 'c', 'd'].find((name) => shardOf(name, 6) !== shardOf('work', 6))!;
  const work = (): string => 'done';
  const server = await service.serve({ messages: { work, [other]: work } }, { shards });
  const client = await service.connected({ shards });
  await client.call('work');
  const roles = async () => {
    const lists = await Promise.all(cluster.nodes.map(({ redis }) => redis.client('LIST')));
    const named = lists
      .flatMap((list) => String(list).split('\n'))
      .map((line) => / name=(\S*)/.exec(line)?.[1] ?? '');
    const ours = named.filter(
      (name) => name.includes(service.prefix) || name.startsWith('nestjs-redis-streams'),
    );
    return ours.map((name) => name.split(':').slice(1, 3).join(' ')).toSorted();
  };
  const times = (count: number, role: string) => Array.from({ length: count }, () => role);
  const masters = 3;
  const expected = [
    ...times(masters, 'client commands'),
    // The client subscribes where it has called.
    'client subscriber',
    ...times(masters, 'server commands'),
    ...times(2, 'server reader'),
    ...times(masters, 'server subscriber'),
  ];
  await eventually(async () => expect(await roles()).toEqual(expected));
  await server.close();
  await client.close();
  await eventually(async () => expect(await roles()).toEqual([]));
});
