import { startPrivateRedis } from '../../support/redis-process.js';
import { Arena, type Caller, eventually, Gate, range } from '../../support/arena.js';

const STORED = 1000;
const SLOTS = 20;

/** Commands that Redis runs in a second, from now on. */
async function commandsPerSecond(arena: Arena): Promise<number> {
  const count = async (): Promise<[number, number]> => {
    const info = await arena.redis.info('stats');
    return [performance.now(), Number(/^total_commands_processed:(\d+)/m.exec(info)?.[1])];
  };
  const [from, before] = await count();
  let [to, after] = [from, before];
  while (to - from < 1000) {
    await new Promise((resolve) => setImmediate(resolve));
    [to, after] = [performance.now(), 0];
  }
  [to, after] = await count();
  return ((after - before) * 1000) / (to - from);
}

/** Waits until no more is pending than before, twice in a row. */
async function steady(arena: Arena, stream: string): Promise<number> {
  let last = -1;
  return eventually(async () => {
    const pending = await arena.pending(stream);
    const isSteady = pending === last && pending > 0;
    last = pending;
    expect(isSteady).toBe(true);
    return pending;
  });
}

async function store(client: Caller, pattern: string): Promise<void> {
  for (let i = 0; i < STORED; i += 500)
    await Promise.all(range(500).map((key) => client.tell(pattern, { key: i + key })));
}

describe('what waits for a Redis that refuses it', () => {
  it('counts as held: a service with failing events reads no more than it may hold', async () => {
    await using redis = await startPrivateRedis();
    const arena = new Arena(redis.url);
    const client = await arena.connected();
    await store(client, 'happened');
    const gate = new Gate();
    let ran = 0;
    const fail = async () => {
      ran++;
      await gate.opened;
      throw new Error('not now');
    };
    const retry = { attempts: 2, delay: 1, maxDelay: 1 };
    await arena.serve({ events: { happened: [fail, { retry }] } }, { concurrency: SLOTS });
    await eventually(() => expect(ran).toBe(SLOTS));
    await arena.redis.config('SET', 'maxmemory', '1');
    gate.open();
    // One read may have been on its way.
    expect(await steady(arena, 'happened')).toBeLessThanOrEqual(3 * SLOTS);
    expect(ran).toBeLessThanOrEqual(3 * SLOTS);
    expect(await commandsPerSecond(arena)).toBeLessThan(500);
    await arena.redis.config('SET', 'maxmemory', '0');
    const letters = () => arena.redis.xlen(arena.keys.dead('service'));
    await eventually(async () => expect(await letters()).toBe(STORED), 25_000);
    expect(ran).toBe(2 * STORED);
  }, 60_000);

  it.each([
    { what: 'dead letters that cannot be written', entry: ['c', 'garbage', 'd', '1'] },
    { what: 'failing requests', entry: ['c', '1 json - - 0 message', 'd', '1'] },
  ])(
    'counts as held: $what',
    async ({ entry }) => {
      await using redis = await startPrivateRedis();
      const arena = new Arena(redis.url);
      const key = arena.keys.stream('work');
      await arena.redis.set(arena.keys.dead('service'), 'no stream');
      const adding = arena.redis.pipeline();
      for (const _ of range(STORED)) adding.xadd(key, '*', ...entry);
      await adding.exec();
      const fail = () => {
        throw new Error('never');
      };
      const retry = { attempts: 1 };
      const messages = { work: [fail, { retry }], ping: () => 'pong' } as const;
      await arena.serve({ messages }, { concurrency: SLOTS });
      expect(await steady(arena, 'work')).toBeLessThanOrEqual(3 * SLOTS);
      expect(await commandsPerSecond(arena)).toBeLessThan(500);
      await arena.redis.del(arena.keys.dead('service'));
      const letters = () => arena.redis.xlen(arena.keys.dead('service'));
      await eventually(async () => expect(await letters()).toBe(STORED), 25_000);
    },
    60_000,
  );
});
