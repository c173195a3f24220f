// npm run build:lib && node --import tsx bench/start.ts cleaning [--removal] [--events 1000000] [--size 1024] [--library FOLDER]:
// what the removal of handled events costs. With --removal, streams of handled events are emptied, and nothing
// else happens. Then, with --events of more than 0, one service handles what one client emits as quickly as it
// can. FOLDER is a built library, such as that of an older commit, to compare with.
import type * as Index from '../libs/redis-stream-transport/src/index.js';
import type * as RedisGroupBroker from '../libs/redis-stream-transport/src/redis/group-broker.js';
import type * as RedisLink from '../libs/redis-stream-transport/src/redis/link.js';
import type * as ProtocolKeys from '../libs/redis-stream-transport/src/protocol/keys.js';
import type * as OptionsIndex from '../libs/redis-stream-transport/src/options/index.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { Forked } from '../tools/forked.js';
import { startPrivateRedis } from '../tools/redis.js';
import { ioredis } from './harness/libraries.js';
import type { Redis } from 'ioredis';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    size: { type: 'string', default: '1024' },
    removal: { type: 'boolean', default: false },
    library: { type: 'string' },
    serve: { type: 'string' },
  },
});
const folder =
  values.library === undefined
    ? new URL('.', import.meta.resolve('nestjs-redis-streams'))
    : pathToFileURL(`${values.library}/`);
const from = <T>(file: string): Promise<T> => import(new URL(file, folder).href) as Promise<T>;
const STREAM = '{nrs}:s:happened';

/** Microseconds of the thread that runs commands. */
async function redisTime(redis: Redis) {
  const info = await redis.info('cpu');
  const part = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return (part('used_cpu_user_main_thread') + part('used_cpu_sys_main_thread')) * 1e6;
}

/** Handles and counts; tells its parent how many, when asked. */
async function serve(url: string) {
  const { ServerRedisStreams } = await from<typeof Index>('index.js');
  let handled = 0;
  const server = new ServerRedisStreams({ url, group: 'bench' });
  server.addHandler('happened', async () => void handled++, true);
  await new Promise((resolve) => void server.listen(resolve));
  process.on('message', () => process.send?.(handled));
  process.send?.('up');
}

/** Empties a stream of handled events with the janitor's script. */
async function removal(redis: Redis, url: string, size: number, kind: 'e' | 'r') {
  const { GroupBroker } = await from<typeof RedisGroupBroker>('redis/group-broker.js');
  const { Link } = await from<typeof RedisLink>('redis/link.js');
  const { Keys } = await from<typeof ProtocolKeys>('protocol/keys.js');
  const { resolveServerOptions } = await from<typeof OptionsIndex>('options/index.js');
  const count = size > 5000 ? 20_000 : 200_000;
  const d = 'x'.repeat(size);
  for (let i = 0; i < count; i += 1000) {
    const batch = redis.pipeline();
    for (let n = 0; n < 1000; n++) batch.xadd(STREAM, '*', 'c', '1 json - - 0', 'd', d);
    await batch.exec();
  }
  const observer = { ready: () => {}, closed: () => {}, failed: () => {} };
  const link = await new Promise<RedisLink.Link>((up) => {
    const { redis: target } = resolveServerOptions({ url });
    const made: RedisLink.Link = new Link(
      'commands',
      { target, maxPause: 100, observer },
      { up: async () => up(made), down: () => {} },
    );
    made.start();
  });
  const broker = new GroupBroker(link, new Keys('nrs', 0, 1), 'bench');
  await broker.ensureGroup('happened', kind, true);
  await redis.xgroup('SETID', STREAM, 'bench', '$');
  const limits = { groupTtl: 1e9, count: undefined, age: undefined, page: 200, trim: 1000 };
  const cpu = await redisTime(redis);
  const began = performance.now();
  let place;
  let scripts = 0;
  do {
    place = (await broker.clean('happened', kind, limits, place)).next;
    scripts++;
  } while (place !== undefined);
  const took = performance.now() - began;
  const cost = (await redisTime(redis)) - cpu;
  await link.stop();
  const left = await redis.xlen(STREAM);
  await redis.flushall();
  console.log(
    `removal, ${kind === 'e' ? 'events only' : 'beside requests'}, ${size} B: ` +
      `${Math.round((count - left) / (took / 1000))} events/s, ${(cost / count).toFixed(3)} µs of Redis per event, ` +
      `${((took / scripts) * 1000).toFixed(0)} µs per script, ${left} left`,
  );
}

async function flow(redis: Redis, url: string) {
  const { ClientRedisStreams } = await from<typeof Index>('index.js');
  const events = Number(values.events);
  const data = 'x'.repeat(Number(values.size));
  const service = new Forked({
    name: 'service',
    program: import.meta.filename,
    args: [...process.argv.slice(2), '--serve', url],
  });
  const answer = () => service.message((_said): _said is number | string => true, 60_000);
  await answer();
  const handled = async () => {
    const said = answer();
    service.tell({});
    return Number(await said);
  };
  const client = new ClientRedisStreams({ url, timeout: 300_000 });
  await client.connect();
  let [longest, memory] = [0, 0];
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const [length, info] = await Promise.all([redis.xlen(STREAM), redis.info('memory')]);
      longest = Math.max(longest, length);
      memory = Math.max(memory, Number(/used_memory:(\d+)/.exec(info)?.[1]));
      await sleep(50);
    }
  })();
  const cpu = await redisTime(redis);
  const began = performance.now();
  let next = 0;
  const emitter = async () => {
    while (next < events) {
      next++;
      await lastValueFrom(client.emit('happened', data), { defaultValue: undefined });
    }
  };
  await Promise.all(Array.from({ length: 512 }, emitter));
  const emitted = performance.now() - began;
  while ((await handled()) < events) await sleep(20);
  const last = performance.now();
  const left = await redis.xlen(STREAM);
  while ((await redis.xlen(STREAM)) > 0 && performance.now() - last < 120_000) await sleep(20);
  const after = (performance.now() - last) / 1000;
  const cost = (await redisTime(redis)) - cpu;
  over.abort();
  await watching;
  console.log(
    `flow, ${events} events of ${data.length} B: emitted ${rate(events, emitted)}/s, handled ${rate(events, last - began)}/s, ` +
      `${left} in the stream when the last was handled, empty ${after.toFixed(1)} s after; ` +
      `longest ${longest}, Redis took ${(memory / 1e6).toFixed(0)} MB and ${(cost / events).toFixed(2)} µs per event`,
  );
  await service.kill();
  await client.close();
}

const rate = (count: number, ms: number) => Math.round((count / ms) * 1000);

if (values.serve === undefined) {
  const server = await startPrivateRedis({});
  const redis = new ioredis.Redis(server.url);
  for (const size of values.removal ? [100, 1024, 10_240] : []) {
    for (const kind of ['e', 'r'] as const) await removal(redis, server.url, size, kind);
  }
  if (Number(values.events) > 0) await flow(redis, server.url);
  redis.disconnect();
  await server.stop();
} else {
  await serve(values.serve);
}
