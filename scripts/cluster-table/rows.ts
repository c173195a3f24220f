// What is measured: a row each, as [what happens, what comes out].
import { Redis } from 'ioredis';
import type { RedisCluster } from '../../tools/redis/cluster.js';
import type { KeptServer } from '../../tools/redis/kept-server.js';
import { eventually, pause } from '../../tools/wait.js';
import { call, PATTERNS, Place, SHARDS } from './place.js';
import { now, Traffic } from './traffic.js';

export type Row = readonly [what: string, result: string];

/** Answered of made, and how many ran again. */
function outcome(traffic: Traffic, place: Place): string {
  const again = [...place.runs.values()].filter((times) => times > 1).length;
  return `${traffic.answered} of ${traffic.made.length} answered, ${again} ran again`;
}

/** A service of two instances, and a client that calls it from now on. */
async function trafficAt(place: Place): Promise<Traffic> {
  for (let i = 0; i < 2; i++) await place.serve();
  const traffic = new Traffic(await place.client(), place.where.patterns);
  await pause(3000);
  return traffic;
}

/** `kill -9` of the master of a shard, several times; its replica takes over, and it comes back as a replica. */
export async function kills(cluster: RedisCluster, times: number): Promise<Row[]> {
  const place = new Place(cluster);
  const traffic = await trafficAt(place);
  const firsts: number[] = [];
  for (let i = 0; i < times; i++) {
    await pause(2000);
    const master = await place.ownerOf(PATTERNS[i % PATTERNS.length] as string);
    const mine = await place.patternsOf(master);
    const replica = await cluster.replicaOf(master);
    await master.kill();
    const promoted = await promotion(replica);
    const first = await eventually(() => {
      const ends = traffic.made
        .filter((made) => mine.has(made.pattern) && made.error === undefined)
        .map(({ end = 0 }) => end)
        .filter((end) => end > promoted);
      if (ends.length === 0) throw new Error('no call of the shard was answered');
      return Math.min(...ends);
    }, 20_000);
    firsts.push(first - promoted);
    await pause(1000);
    await cluster.revive(master, replica);
  }
  await traffic.stop();
  const row = outcome(traffic, place);
  await place.close();
  const ms = firsts.map((took) => Math.round(took)).join(', ');
  return [
    [`\`kill -9\` of the shard's master, replica promoted, ${times} times`, row],
    ['first answer after the promotion', `${ms} ms`],
  ];
}

/** Waits until a replica is the master; when that was. */
export async function promotion(replica: KeptServer): Promise<number> {
  await eventually(
    async () => {
      const [role] = await replica.redis.role();
      if (role !== 'master') throw new Error('the replica has not taken over');
    },
    20_000,
    2,
  );
  return now();
}

export async function cutSubscriptions(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  const traffic = await trafficAt(place);
  for (let i = 0; i < 5; i++) {
    for (const { redis } of cluster.nodes) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await pause(700);
  }
  await traffic.stop();
  await place.close();
  return ['Pub/Sub connections cut five times', outcome(traffic, place)];
}

/** A link must be there: Redis 7.0 crashes when it is told to cut one that is not. */
export async function cutLinks(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  const traffic = await trafficAt(place);
  const owner = await place.ownerOf(PATTERNS[0] as string);
  const others = (await cluster.seenBy(owner)).filter(({ port }) => port !== owner.port);
  for (let i = 0; i < 12; i++) {
    await eventually(async () => {
      const links = (await owner.redis.call('CLUSTER', 'LINKS')) as unknown[];
      if (links.length < 2 * others.length) throw new Error('a link has not been made anew');
    }, 20_000);
    for (const { id } of others) await owner.redis.call('DEBUG', 'CLUSTERLINK', 'KILL', 'ALL', id);
    await pause(400);
  }
  await traffic.stop();
  await place.close();
  return ['links between nodes cut, twelve times', outcome(traffic, place)];
}

/** The first call of a client that has connected, ten times. */
export async function firstCalls(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  await place.serve();
  const took: number[] = [];
  for (let i = 0; i < 10; i++) {
    const client = await place.client();
    const began = performance.now();
    await call(client, PATTERNS[i] as string, i);
    took.push(performance.now() - began);
  }
  await place.close();
  const [least, most] = [Math.min(...took), Math.max(...took)].map(Math.round);
  return ['first call of a client, ten clients', `${least} to ${most} ms`];
}

/** Reads of another application block on every master while a service and a client close. */
export async function closing(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  const server = await place.serve();
  const client = await place.client();
  await Promise.all(PATTERNS.map((pattern, n) => call(client, pattern, n)));
  let ended = 0;
  const masters = await cluster.masters();
  const readers = masters.map(({ port }) => new Redis(port, '127.0.0.1'));
  for (const [i, reader] of readers.entries()) {
    const key = await keyOn(cluster, port(masters, i));
    void reader.xread('BLOCK', 0, 'STREAMS', key, '$').then(
      () => ended++,
      () => ended++,
    );
  }
  await pause(300);
  const began = performance.now();
  await client.close();
  const clientTook = performance.now() - began;
  await server.close();
  const serverTook = performance.now() - began - clientTook;
  await pause(300);
  const result = `${ended} of ${readers.length} reads of another application ended`;
  for (const reader of readers) reader.disconnect();
  return [
    'closing, unblocking',
    `${result}; \`close()\` of a client ${Math.round(clientTook)} ms, of a service ${Math.round(serverTook)} ms`,
  ];
}

const port = (masters: readonly { port: number }[], i: number) =>
  (masters[i] as { port: number }).port;

/** A key in a slot of that master. */
async function keyOn(cluster: RedisCluster, at: number): Promise<string> {
  for (let i = 0; ; i++) {
    const key = `other-${i}`;
    if ((await cluster.ownerOf(key)).port === at) return key;
  }
}

/** Replies of 256 KiB through one shard to one client: more than its log may hold. */
export async function manyReplies(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  await place.serve();
  const client = await place.client();
  const [pattern] = PATTERNS as [string];
  const size = 256 * 1024;
  const count = 1024;
  let answered = 0;
  let most = 0;
  const { redis } = await place.ownerOf(pattern);
  const log = async () => {
    const [key] = await redis.keys(place.keys(pattern).log('*').replaceAll(/[{}]/g, '?'));
    return key === undefined ? 0 : Number(await redis.call('MEMORY', 'USAGE', key));
  };
  for (let n = 0; n < count; n += 8) {
    const calls = Array.from({ length: 8 }, (_, i) => call(client, pattern, n + i, size));
    const results = await Promise.allSettled(calls);
    answered += results.filter(({ status }) => status === 'fulfilled').length;
    most = Math.max(most, await log());
  }
  await eventually(async () => {
    if ((await log()) > 1024 * 1024) throw new Error('the log is not trimmed');
  }, 20_000).catch(() => undefined);
  const left = await log();
  await place.close();
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return [
    `replies to one client in one shard: ${mib(size * count)}`,
    `${answered} of ${count} answered; its log had ${mib(most)} at most, ${mib(left)} at the end`,
  ];
}

/** All connections to all masters, after each pattern was called. */
export async function connections(cluster: RedisCluster): Promise<Row> {
  const place = new Place(cluster);
  await place.serve();
  const client = await place.client();
  await Promise.all(PATTERNS.map((pattern, n) => call(client, pattern, n)));
  let count = 0;
  for (const { redis } of await cluster.masters()) {
    const list = String(await redis.client('LIST'));
    count += list.split('\n').filter((line) => / name=nestjs-redis-streams:/.test(line)).length;
  }
  await place.close();
  return [`connections of one service and one client, ${SHARDS} shards, 3 masters`, `${count}`];
}
