import { Cluster } from 'ioredis';
import { Authority } from '../../tools/certificates.js';
import { RedisCluster, type ClusterStartOptions } from '../../tools/redis/cluster.js';
import { eventually } from '../../tools/wait.js';
import { counting, Load } from '../support/load.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';
import { TestAuthority } from '../support/tls.js';

const authority = new TestAuthority();
const ca = authority.cert;
const started: RedisCluster[] = [];

/** A Cluster whose certificate is valid for these hosts alone. */
async function secured(hosts: string[], options: ClusterStartOptions = {}): Promise<RedisCluster> {
  const cluster = await RedisCluster.start({ ...options, tls: authority.filesFor(hosts) });
  started.push(cluster);
  return cluster;
}

afterAll(() => Promise.all(started.map((cluster) => cluster.stop())));

const patterns = range(12).map((i) => `p${i}`);
const DONE = { answers: patterns, heard: ['once'] };

/** What comes of calls in every shard and an event, of a server and a client with these options. */
async function worked(cluster: RedisCluster, options: object): Promise<unknown> {
  const service = new TestService({ cluster });
  const where = { shards: 6, ...options };
  const heard: unknown[] = [];
  const messages = Object.fromEntries(patterns.map((name) => [name, () => name]));
  const events = { told: (key: unknown) => void heard.push(key) };
  await service.serve({ messages, events }, where);
  const client = await service.connected(where);
  const answers = await Promise.all(patterns.map((name) => client.call(name)));
  await client.tell('told', 'once');
  await eventually(() => expect(heard).toHaveLength(1));
  return { answers, heard };
}

/** What `connect()` ends with after two tries. */
function refusal(cluster: RedisCluster, options: object): Promise<unknown> {
  const service = new TestService({ cluster });
  const client = service.client({ retryAttempts: 2, retryDelay: 50, ...options });
  return client.connect().then(
    () => 'connected',
    (error: unknown) => error,
  );
}

describe('a Cluster that speaks TLS alone, with nodes that announce addresses', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await secured(['127.0.0.1'], { masters: 3, replicas: 1 });
  }, 60_000);
  const first = () => cluster.addresses.slice(0, 1);
  const firstUrl = () => `rediss://127.0.0.1:${cluster.nodes[0]!.port}`;

  it('takes calls and events of who knows one node, and "tls"', async () => {
    expect(await worked(cluster, { cluster: { nodes: first() }, tls: { ca } })).toEqual(DONE);
    const options = { redisOptions: { tls: { ca } } };
    expect(await worked(cluster, { cluster: { nodes: first(), options } })).toEqual(DONE);
  });

  it.each([
    ['the options of "tls" count for it too', () => ({ nodes: [firstUrl()] }), { tls: { ca } }],
    [
      'its own options of TLS count for the nodes that it names',
      () => ({ nodes: [{ ...first()[0]!, tls: { ca } }] }),
      {},
    ],
  ])('takes those of who knows one rediss:// node: %s', async (_, nodes, options) => {
    expect(await worked(cluster, { ...options, cluster: nodes() })).toEqual(DONE);
  });

  it.each([
    ['with options for each node', () => new Cluster(first(), { ...lazy, redisOptions: tls() })],
    ['of rediss:// nodes', () => new Cluster([firstUrl()], { ...lazy, redisOptions: tls() })],
    ['whose nodes have them', () => new Cluster([{ ...first()[0]!, ...tls() }], lazy)],
  ])('is found through a Cluster of ioredis %s', async (_, make) => {
    const client = make();
    onTestFinished(() => client.disconnect());
    expect(await worked(cluster, { url: undefined, cluster: undefined, client })).toEqual(DONE);
  });

  it('is found through one that is connected', async () => {
    const client = new Cluster(first(), { redisOptions: tls() });
    onTestFinished(() => client.disconnect());
    await client.ping();
    expect(await worked(cluster, { url: undefined, cluster: undefined, client })).toEqual(DONE);
  });

  it('names a certificate that is not trusted as the cause, at once', async () => {
    const from = performance.now();
    const { cert } = new Authority();
    for (const options of [{ tls: { ca: cert } }, { tls: {} }]) {
      expect(await refusal(cluster, options)).toMatchObject({
        code: 'NOT_CONNECTED',
        cause: { message: expect.stringMatching(/^no node.*127\.0\.0\.1:\d+: .*certificate/) },
      });
    }
    expect(performance.now() - from).toBeLessThan(4000);
  });

  it('says to a caller without TLS that the node may want it', async () => {
    expect(await refusal(cluster, {})).toMatchObject({
      code: 'NOT_CONNECTED',
      cause: { message: expect.stringMatching(/TLS/) },
    });
    const plain = { ...alone, url: `redis://127.0.0.1:${cluster.nodes[0]!.port}` };
    expect(await refusal(cluster, plain)).toMatchObject({
      code: 'NOT_CONNECTED',
      cause: { message: expect.stringMatching(/TLS/) },
    });
  });

  it('survives the death of a master under load', async () => {
    const service = new TestService({ cluster });
    const { ran, work } = counting();
    const options = { tls: { ca } };
    for (let i = 0; i < 2; i++) await service.serve({ messages: { work } }, options);
    const client = await service.connected(options);
    const load = new Load(client, 8);
    await eventually(() => expect(load.answered).toBeGreaterThan(50));
    const master = await cluster.ownerOf(service.keys.incarnation());
    const replica = await cluster.replicaOf(master);
    await master.kill();
    await eventually(async () => expect((await replica.redis.role())[0]).toBe('master'), 20_000);
    await client.call('work', { key: -1 }, { timeout: 20_000 });
    const before = load.answered;
    await eventually(() => expect(load.answered).toBeGreaterThan(before + 50), 20_000);
    await load.stop();
    // What the replica had not received yet may have to be repeated, or is not known to have run.
    expect(load.answered).toBeGreaterThan(load.sent * 0.99);
    expect(ran.total).toBeGreaterThanOrEqual(load.answered);
  }, 60_000);
});

const lazy = { lazyConnect: true } as const;
const alone = { cluster: undefined } as const;
const tls = () => ({ tls: { ca } });

describe('a Cluster whose certificate has names alone', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await secured(['localhost', 'redis.test'], {});
  }, 60_000);
  /** @param name that of all nodes; '': their addresses; undefined: they say that it is where they were asked */
  const announce = async (name?: string): Promise<void> => {
    for (const { redis } of cluster.nodes) {
      await redis.config('SET', 'cluster-announce-hostname', name ?? '');
      const type = name === undefined ? 'unknown-endpoint' : name === '' ? 'ip' : 'hostname';
      await redis.config('SET', 'cluster-preferred-endpoint-type', type);
    }
    if (name === undefined) return;
    // All have heard of all names.
    for (const { redis } of cluster.nodes) {
      await eventually(async () => {
        const rows = JSON.stringify(await redis.call('CLUSTER', 'SLOTS'));
        expect(rows.split(`"${name || '127.0.0.1'}"`).length).toBeGreaterThan(3);
      });
    }
  };
  const dnsLookup = (_: string, done: (error: null, address: string) => void) =>
    done(null, '127.0.0.1');
  const nodes = (host: string) => cluster.nodes.map(({ port }) => ({ host, port }));

  it('is used by the names that its nodes announce', async () => {
    await announce('localhost');
    expect(
      await worked(cluster, { ...tls(), cluster: { nodes: nodes('localhost').slice(0, 1) } }),
    ).toEqual(DONE);
  });

  it('is used by names that a function looks up: the certificate is that of the name', async () => {
    await announce('redis.test');
    const named = { nodes: nodes('redis.test').slice(0, 1), options: { dnsLookup } };
    expect(await worked(cluster, { ...tls(), cluster: named })).toEqual(DONE);
    // The name of nobody is in no certificate.
    const other = { nodes: nodes('nobody.test'), options: { dnsLookup } };
    expect(await refusal(cluster, { ...tls(), cluster: other })).toMatchObject({
      cause: { message: expect.stringMatching(/certificate.*nobody\.test/) },
    });
  });

  it('is used by one name for all nodes, which say no other', async () => {
    await announce();
    const named = { nodes: nodes('redis.test').slice(0, 1), options: { dnsLookup } };
    expect(await worked(cluster, { ...tls(), cluster: named })).toEqual(DONE);
  });

  it('is used by records of a service', async () => {
    await announce('redis.test');
    const resolveSrv = (_: string, done: (error: null, records: object[]) => void) =>
      done(
        null,
        cluster.nodes.map(({ port }) => ({ name: 'redis.test', port, priority: 1, weight: 1 })),
      );
    const options = { useSRVRecords: true, resolveSrv, dnsLookup } as object;
    const named = { nodes: [{ host: '_redis.test', port: 1 }], options };
    expect(await worked(cluster, { ...tls(), cluster: named })).toEqual(DONE);
  });

  it('with a servername for all nodes, whatever they announce', async () => {
    await announce('');
    expect(await worked(cluster, { tls: { ca, servername: 'redis.test' } })).toEqual(DONE);
    expect(await refusal(cluster, tls())).toMatchObject({
      cause: { message: expect.stringMatching(/certificate.*IP: 127\.0\.0\.1/) },
    });
  });
});
