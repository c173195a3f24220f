// npm run gauges:cost: what the figures of docs/metrics.md cost Redis, on a server of its own. A minute; the machine
// should do nothing else. With --patterns n, --groups n and --reads n.
import { parseArgs } from 'node:util';
import { Redis, type ChainableCommander } from 'ioredis';
import { withPlace } from '../libs/redis-stream-transport/src/operate/place.js';
import { scanKeys } from '../libs/redis-stream-transport/src/operate/scanned-keys.js';
import { readFigures } from '../libs/redis-stream-transport/src/metrics/redis/read-figures.js';
import { Keys } from '../libs/redis-stream-transport/src/protocol/keys.js';
import { startPrivateRedis } from '../tools/redis.js';

const { values } = parseArgs({
  options: {
    patterns: { type: 'string', default: '1000' },
    groups: { type: 'string', default: '50' },
    reads: { type: 'string', default: '40' },
  },
});
const [patterns, groups, reads] = [values.patterns, values.groups, values.reads].map(Number) as [
  number,
  number,
  number,
];
const INTERVAL = 15;
const keys = new Keys('nrs', 0, 1);

/** Adds a stream with ten entries: four are unread, six pending, and one of these waits for another attempt. */
function addStream(many: ChainableCommander, n: number, heardBy: readonly string[]): void {
  const stream = keys.stream(`pattern.${n}`);
  for (const group of heardBy) many.xgroup('CREATE', stream, group, '$', 'MKSTREAM');
  for (let entry = 1; entry <= 10; entry++)
    many.xadd(stream, `1700000000000-${entry}`, 'c', '1', 'd', 'x');
  for (const group of heardBy) {
    many.xreadgroup('GROUP', group, 'one', 'COUNT', 6, 'STREAMS', stream, '>');
    many.hset(keys.due(`pattern.${n}`), `${group} 1700000000000-1`, '9999999999999 1');
  }
}

/** Milliseconds of processor time that the server has used. */
async function processorTime(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)];
  return used.reduce((sum, [, seconds]) => sum + Number(seconds) * 1000, 0);
}

async function fill(redis: Redis): Promise<void> {
  for (let i = 0; i < patterns; i += 100) {
    const many = redis.pipeline();
    for (let n = i; n < Math.min(i + 100, patterns); n++) {
      // Each tenth is an event that five services hear.
      const heard = n % 10 === 0 ? 5 : 1;
      addStream(
        many,
        n,
        Array.from({ length: heard }, (_, g) => `group.${(n + g) % groups}`),
      );
    }
    await many.exec();
  }
}

const server = await startPrivateRedis();
const redis = new Redis(server.url);
try {
  await fill(redis);
  await withPlace({ url: server.url }, async (place) => {
    const cost = async (times: number, task: () => Promise<unknown>): Promise<number> => {
      await task();
      const before = await processorTime(redis);
      for (let i = 0; i < times; i++) await task();
      return ((await processorTime(redis)) - before) / times;
    };
    const scan = await cost(reads, () => scanKeys(place, ['s', 'members', 'dead']));
    const found = await scanKeys(place, ['s', 'members', 'dead']);
    const known = { streams: found.of('s'), groups: [] };
    let longest = 0;
    await redis.config('RESETSTAT');
    const read = await cost(reads, async () => {
      const began = performance.now();
      await readFigures(place, known);
      longest = Math.max(longest, performance.now() - began);
    });
    const stats = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(await redis.info('commandstats'));
    const step = Number(stats?.[2]) / Number(stats?.[1]) / 1000;
    const share = (read / (INTERVAL * 1000) + scan / (INTERVAL * 1000)) * 100;
    console.log(`${patterns} patterns, ${groups} groups, ${reads} reads`);
    console.log(
      `a read: ${read.toFixed(1)} ms of Redis' processor, ${longest.toFixed(0)} ms in all at most`,
    );
    console.log(`a script: ${step.toFixed(2)} ms`);
    console.log(`a scan for keys: ${scan.toFixed(1)} ms`);
    console.log(`every ${INTERVAL} s, with a scan each time: ${share.toFixed(2)} % of a core`);
    if (share > 1) process.exitCode = 1;
  });
} finally {
  redis.disconnect();
  await server.stop();
}
process.exit();
