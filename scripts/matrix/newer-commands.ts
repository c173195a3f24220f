// node --import tsx scripts/matrix/newer-commands.ts: what commands that only newer servers have would save Redis, for
// docs/decisions/0046-newer-commands.md. Microseconds of its processor for one operation, least of nine interleaved rounds;
// scripts are compared with scripts, as the operations are scripts. Half a minute.
import { Redis } from 'ioredis';
import { serverOf } from '../../tools/redis/other-suite.js';
import { startServer } from '../../tools/redis/server-process.js';
import { CELLS } from './cells.js';

const ROUNDS = 9;
/** Entries of one round. */
const MANY = 5000;
const DATA = 'x'.repeat(100);

const cell = CELLS.find(({ name }) => name === 'redis-8.6');
const program = cell && serverOf(cell.server);
if (program === undefined) throw new Error('Redis 8.6 cannot be had here');
const server = await startServer(program);
const redis = new Redis(server.url);

/** Microseconds that the server has spent on commands with these names. */
async function spent(...names: string[]): Promise<number> {
  const info = await redis.info('commandstats');
  const lines = names.map((name) => new RegExp(`^cmdstat_${name}:.*?usec=(\\d+)`, 'm').exec(info));
  return lines.reduce((sum, line) => sum + Number(line?.[1] ?? 0), 0);
}

type Send = (pipeline: ReturnType<Redis['pipeline']>, i: number) => void;

interface Way {
  readonly name: string;
  readonly commands: readonly string[];
  readonly prepare: () => Promise<void>;
  readonly send: Send;
  /** Operations of one round. */
  readonly count: number;
}

async function compare(title: string, ways: readonly Way[]): Promise<void> {
  const least = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++)
    for (const { name, commands, prepare, send, count } of ways) {
      await redis.flushall();
      await prepare();
      const before = await spent(...commands);
      for (let at = 0; at < count; at += 500) {
        const pipeline = redis.pipeline();
        for (let i = at; i < Math.min(count, at + 500); i++) send(pipeline, i);
        const failed = ((await pipeline.exec()) ?? []).find(([error]) => error !== null);
        if (failed !== undefined) throw failed[0] as Error;
      }
      const each = ((await spent(...commands)) - before) / count;
      least.set(name, Math.min(least.get(name) ?? Infinity, each));
    }
  for (const [name, each] of least) console.log(`${title}: ${name}: ${each.toFixed(2)} µs`);
}

const load = async (lua: string) => String(await redis.script('LOAD', lua));

/** Entries `1-1`, `2-1` …, all read by one consumer. */
async function pending(): Promise<void> {
  const pipeline = redis.pipeline();
  for (let i = 1; i <= MANY; i++) pipeline.xadd('s', `${i}-1`, 'c', 'header', 'd', DATA);
  pipeline.xgroup('CREATE', 's', 'g', '0');
  await pipeline.exec();
  await redis.xreadgroup('GROUP', 'g', 'me', 'COUNT', MANY, 'STREAMS', 's', '>');
}

/** Acknowledging and deleting: `size` entries at once. */
function settling(size: number): Way[] {
  const ids = (i: number) => Array.from({ length: size }, (_, n) => `${i * size + n + 1}-1`);
  const way = (name: string, lua: string): Way => {
    let sha = '';
    return {
      name: `${name}, ${size} at once`,
      commands: ['evalsha'],
      prepare: async () => {
        sha = await load(lua);
        await pending();
      },
      send: (pipeline, i) => pipeline.evalsha(sha, 1, 's', 'g', ...ids(i)),
      count: MANY / size,
    };
  };
  return [
    way(
      'XACK and XDEL',
      `redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2)) redis.call('XDEL', KEYS[1], unpack(ARGV, 2))`,
    ),
    way(
      'XACKDEL',
      `redis.call('XACKDEL', KEYS[1], ARGV[1], 'KEEPREF', 'IDS', #ARGV - 1, unpack(ARGV, 2))`,
    ),
  ];
}

/** Storing one entry, so that a repeat changes nothing. */
async function storing(): Promise<Way[]> {
  const numbered = `
local before, at = redis.call('HGET', KEYS[1], 'q'), redis.call('TIME')
if tonumber(before or '0') ~= tonumber(ARGV[1]) - 1 then return 'gap' end
local id = redis.pcall('XADD', KEYS[2], '*', 'c', ARGV[2], 'd', ARGV[3])
redis.call('HSET', KEYS[1], 'q', ARGV[1], ARGV[1] % 16, ARGV[1] .. ' 0 ' .. id)
return 'ok ' .. at[1] .. id`;
  let sha = '';
  return [
    {
      name: 'a script with a number in a record',
      commands: ['evalsha'],
      prepare: async () => void (sha = await load(numbered)),
      send: (pipeline, i) => pipeline.evalsha(sha, 2, 'r', 's', i + 1, 'header', DATA),
      count: MANY,
    },
    {
      name: 'XADD IDMP',
      commands: ['xadd'],
      prepare: async () => undefined,
      send: (pipeline, i) =>
        pipeline.call('xadd', 's', 'IDMP', 'me', String(i + 1), '*', 'c', 'header', 'd', DATA),
      count: MANY,
    },
    {
      name: 'XADD',
      commands: ['xadd'],
      prepare: async () => undefined,
      send: (pipeline) => pipeline.xadd('s', '*', 'c', 'header', 'd', DATA),
      count: MANY,
    },
  ];
}

/** Reading ten entries, while others have been with another consumer for long. */
function reading(): Way[] {
  const way = (name: string, claim: readonly string[]): Way => ({
    name,
    commands: ['xreadgroup'],
    prepare: async () => {
      await pending();
      const pipeline = redis.pipeline();
      for (let i = 1; i <= MANY; i++) pipeline.xadd('s', `${MANY + i}-1`, 'c', 'header', 'd', DATA);
      await pipeline.exec();
    },
    send: (pipeline) =>
      pipeline.call(
        'xreadgroup',
        'GROUP',
        'g',
        'you',
        'COUNT',
        '10',
        ...claim,
        'STREAMS',
        's',
        '>',
      ),
    count: MANY / 10,
  });
  return [
    way('XREADGROUP', []),
    way('XREADGROUP CLAIM, nothing idle for so long', ['CLAIM', '600000']),
  ];
}

/** A record that ends after a time. */
function expiring(): Way[] {
  return [
    {
      name: 'SET NX PX, a key of its own',
      commands: ['set'],
      prepare: async () => undefined,
      send: (pipeline, i) => pipeline.set(`p{t}:key:${i}`, DATA, 'PX', 60_000, 'NX'),
      count: MANY,
    },
    {
      name: 'HSETEX, a field of one hash',
      commands: ['hsetex'],
      prepare: async () => undefined,
      send: (pipeline, i) =>
        pipeline.call('hsetex', 'h', 'FNX', 'PX', '60000', 'FIELDS', '1', `key:${i}`, DATA),
      count: MANY,
    },
  ];
}

try {
  await compare('settling', [...settling(1), ...settling(10), ...settling(100)]);
  await compare('storing', await storing());
  await compare('reading ten', reading());
  await compare('expiring', expiring());
} finally {
  redis.disconnect();
  await server.stop();
}
