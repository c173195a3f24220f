import { onTestFinished } from 'vitest';
import { startPrivateRedis } from '../../support/redis-process.js';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const STORED = 1000;
const SLOTS = 20;

/** Commands that Redis runs in a second, from now on. */
async function commandsPerSecond(service: TestService): Promise<number> {
  const count = async (): Promise<[number, number]> => {
    const info = await service.redis.info('stats');
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
async function steady(service: TestService, stream: string): Promise<number> {
  let last = -1;
  return eventually(async () => {
    const pending = await service.pending(stream);
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
    const service = new TestService({ url: redis.url });
    const client = await service.connected();
    await store(client, 'happened');
    const gate = new Gate();
    let ran = 0;
    const fail = async () => {
      ran++;
      await gate.opened;
      throw new Error('not now');
    };
    const retry = { attempts: 2, delay: 1, maxDelay: 1 };
    await service.serve({ events: { happened: [fail, { retry }] } }, { concurrency: SLOTS });
    await eventually(() => expect(ran).toBe(SLOTS));
    await service.redis.config('SET', 'maxmemory', '1');
    gate.open();
    // One read may have been on its way.
    expect(await steady(service, 'happened')).toBeLessThanOrEqual(3 * SLOTS);
    expect(ran).toBeLessThanOrEqual(3 * SLOTS);
    expect(await commandsPerSecond(service)).toBeLessThan(500);
    await service.redis.config('SET', 'maxmemory', '0');
    const letters = () => service.redis.xlen(service.keys.dead('service'));
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
      const service = new TestService({ url: redis.url });
      const key = service.keys.stream('work');
      await service.redis.set(service.keys.dead('service'), 'no stream');
      const adding = service.redis.pipeline();
      for (const _ of range(STORED)) adding.xadd(key, '*', ...entry);
      await adding.exec();
      const fail = () => {
        throw new Error('never');
      };
      const retry = { attempts: 1 };
      const messages = { work: [fail, { retry }], ping: () => 'pong' } as const;
      await service.serve({ messages }, { concurrency: SLOTS });
      expect(await steady(service, 'work')).toBeLessThanOrEqual(3 * SLOTS);
      expect(await commandsPerSecond(service)).toBeLessThan(500);
      await service.redis.del(service.keys.dead('service'));
      const letters = () => service.redis.xlen(service.keys.dead('service'));
      await eventually(async () => expect(await letters()).toBe(STORED), 25_000);
    },
    60_000,
  );
});

describe('what fills a Redis can leave it', () => {
  /** A server of its own with a backlog, whose memory is full from then on. */
  async function filled(backlog: (client: Caller, service: TestService) => Promise<unknown>) {
    const redis = await startPrivateRedis();
    onTestFinished(() => redis.stop());
    const service = new TestService({ url: redis.url });
    const client = await service.connected();
    await backlog(client, service);
    await client.close();
    await service.redis.config('SET', 'maxmemory', '1');
    await expect(service.redis.set('x', 'x')).rejects.toThrow('OOM');
    return service;
  }
  const events = ['plain', 'once', 'keyed', 'new'] as const;
  const tell = (client: Caller) =>
    Promise.all(
      events.flatMap((pattern) =>
        range(20).map((n) =>
          client.tell(pattern, n, pattern === 'keyed' ? { idempotencyKey: String(n) } : {}),
        ),
      ),
    );

  it('a service that starts then handles its backlog, and cleans up', async () => {
    const ran = new Tally();
    const handlers = {
      events: {
        plain: (n: number) => void ran.add(`plain ${n}`),
        once: [(n: number) => void ran.add(`once ${n}`), { atMostOnce: true }],
        keyed: (n: number) => void ran.add(`keyed ${n}`),
      },
    } as const;
    const service = await filled(async (client, before) => {
      const first = await before.serve(handlers);
      await first.close();
      await tell(client);
      // As if the server were another one by now.
      await before.redis.del(before.keys.incarnation());
    });
    const fresh = (n: number) => void ran.add(`new ${n}`);
    await service.serve({ events: { ...handlers.events, new: fresh } });
    await eventually(() => expect(ran.total).toBe(80));
    expect(ran.repeated).toEqual([]);
    for (const pattern of events) {
      await eventually(async () => expect(await service.pending(pattern)).toBe(0));
      await eventually(async () => expect(await service.length(pattern)).toBe(0), 15_000);
    }
    await expect(service.redis.set('x', 'x')).rejects.toThrow('OOM');
  }, 40_000);

  it('calls that wait are answered, although callers and services must connect anew', async () => {
    const gate = new Gate();
    const calls: Promise<unknown>[] = [];
    const service = await filled(async (_, before) => {
      const slow = async (n: number) => {
        await gate.opened;
        return 2 * n;
      };
      await before.serve({ messages: { slow } });
      const client = await before.connected();
      calls.push(...range(10).map((n) => client.call('slow', n)));
      await eventually(async () => expect(await before.pending('slow')).toBe(10));
    });
    // Redis refuses channels from 8.6 on while its memory is full.
    await service.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await service.redis.call('CLIENT', 'KILL', 'TYPE', 'normal');
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(10).map((n) => 2 * n));
  }, 40_000);

  it('one stream that is broken meanwhile stops no other', async () => {
    const ran = new Tally();
    const gate = new Gate();
    const plain = async (n: number) => {
      await gate.opened;
      ran.add(n);
    };
    const service = await filled(async (client, before) => {
      await before.serve({ events: { plain, bad: () => {} } }, { concurrency: 2 });
      await tell(client);
      await before.redis.set(`${before.keys.stream('bad')}:x`, 'x');
    });
    await service.redis.rename(`${service.keys.stream('bad')}:x`, service.keys.stream('bad'));
    gate.open();
    await eventually(() => expect(ran.total).toBe(20));
    await eventually(async () => expect(await service.length('plain')).toBe(0), 15_000);
  }, 40_000);

  it('an instance that was taken for dead joins again', async () => {
    const ran = new Tally();
    const gate = new Gate();
    const plain = async (n: number) => {
      await gate.opened;
      ran.add(n);
    };
    const options = { concurrency: 2, leaseTtl: 500 };
    const service = await filled(async (client, before) => {
      await before.serve({ events: { plain } }, options);
      await tell(client);
      await before.redis.set(`${before.keys.stream('plain')}:x`, '+');
    });
    const [name] = await service.redis.zrange(service.keys.members('service'), '0', '-1');
    await service.redis.rename(`${service.keys.stream('plain')}:x`, service.keys.lease(name!));
    await eventually(async () =>
      expect(await service.redis.zrange(service.keys.members('service'), '0', '-1')).not.toEqual([
        name,
      ]),
    );
    gate.open();
    await eventually(() => expect(ran.counts.size).toBe(20));
    await eventually(async () => expect(await service.pending('plain')).toBe(0));
  }, 40_000);
});
