import { Logger } from '@nestjs/common';
import { createServer, type AddressInfo } from 'node:net';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { proxyTo } from '../../support/proxy.js';

// Redis that says no, again and again: what it costs, and what is said of it.

async function own(args: string[] = []) {
  const redis = await startPrivateRedis({ args });
  onTestFinished(() => redis.stop());
  return new TestService({ url: redis.url });
}

/** What is logged from now on, each line with its level in front. */
function lines(): string[] {
  const heard: string[] = [];
  const write = (level: string) => (line: unknown) => void heard.push(`${level} ${String(line)}`);
  Logger.overrideLogger({ log: write('log'), warn: write('warn'), error: write('error') });
  onTestFinished(() => Logger.overrideLogger(false));
  return heard;
}

async function made(service: TestService): Promise<number> {
  const stats = await service.redis.info('stats');
  return Number(/total_connections_received:(\d+)/.exec(stats)?.[1]);
}

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const demote = (service: TestService): Promise<unknown> =>
  service.redis.call('REPLICAOF', '127.0.0.1', '1');
const promote = (service: TestService): Promise<unknown> =>
  service.redis.call('REPLICAOF', 'NO', 'ONE');

describe('a primary that was demoted', () => {
  it('gets five connections in ten seconds of an idle service and client, then one a second', async () => {
    const service = await own();
    await service.serve({ messages: { work: (n: number) => n + 1 } });
    const client = await service.connected();
    expect(await client.call('work', 1)).toBe(2);
    // The client notes what it sends a second after a first call, and is idle from then on.
    const record = service.keys.caller(client.callerId);
    await eventually(async () => expect(await service.redis.hexists(record, 'sends')).toBe(1));
    const heard = lines();
    const before = await made(service);
    await demote(service);
    await pass(10_000);
    const first = (await made(service)) - before;
    await pass(4_000);
    const then = (await made(service)) - before - first;
    expect(first).toBeLessThanOrEqual(5);
    expect(then).toBeLessThanOrEqual(4);
    const said = heard.filter((line) => line.includes('READONLY'));
    expect(said.join('\n')).toMatch(/warn lost a connection to Redis.*READONLY.*replica/);
    expect(said.length).toBeLessThan(12);

    const from = performance.now();
    await promote(service);
    expect(await client.call('work', 2)).toBe(3);
    expect(performance.now() - from).toBeLessThan(4_000);
    await eventually(() => expect(heard.join('\n')).toMatch(/log connected to Redis again/));
  }, 30_000);

  it('gets few connections of a client that calls, and each call hears why', async () => {
    const service = await own();
    await service.serve({ messages: { work: (n: number) => n + 1 } });
    const client = await service.connected();
    const heard = lines();
    const before = await made(service);
    await demote(service);
    const failure = await client.failure('work', 1, { timeout: 500 });
    expect(failure).toMatchObject({ outcome: 'not-run', cause: { reply: 'READONLY' } });
    await Promise.all([1, 2, 3].map((n) => client.failure('work', n, { timeout: 1500 })));
    expect((await made(service)) - before).toBeLessThanOrEqual(6);
    expect(heard.join('\n')).toContain('READONLY');
    await promote(service);
    expect(await client.call('work', 2)).toBe(3);
  });
});

describe('writes that Redis refuses', () => {
  const refusing: [string, (service: TestService) => Promise<() => Promise<unknown>>][] = [
    [
      'NOREPLICAS',
      async ({ redis }) => {
        await redis.config('SET', 'min-replicas-to-write', '1');
        return () => redis.config('SET', 'min-replicas-to-write', '0');
      },
    ],
    [
      'MISCONF',
      async ({ redis }) => {
        // A save that fails, for want of a folder that may be written to.
        await redis.config('SET', 'dir', '/proc');
        await redis.config('SET', 'save', '3600 1');
        await redis.bgsave();
        await eventually(async () =>
          expect(await redis.info('persistence')).toContain('rdb_last_bgsave_status:err'),
        );
        return () => redis.config('SET', 'stop-writes-on-bgsave-error', 'no');
      },
    ],
    [
      'BUSY',
      async ({ redis }) => {
        const other = redis.duplicate();
        other.on('error', () => {});
        onTestFinished(() => other.disconnect());
        await other.ping();
        redis.eval('while true do end', 0).catch(() => {});
        await eventually(async () => {
          await expect(other.ping()).rejects.toThrow('BUSY');
        });
        return () => other.call('SCRIPT', 'KILL');
      },
    ],
    [
      'READONLY',
      async (service) => {
        await demote(service);
        return () => promote(service);
      },
    ],
  ];

  it.each(refusing)(
    '%s: a call and an event end as not run, with the refusal as cause, and one line tells at once',
    async (reply, refuse) => {
      const service = await own([
        '--busy-reply-threshold',
        '50',
        '--enable-protected-configs',
        'yes',
      ]);
      const ran: unknown[] = [];
      await service.serve({ messages: { work: (n) => ran.push(n) }, events: { told: () => {} } });
      const client = await service.connected();
      await client.call('work', 'before');
      const heard = lines();
      const allow = await refuse(service);
      const ends = [
        client.failure('work', 'one', { timeout: 3000 }),
        client.failure('work', 'two', { timeout: 3200 }),
        client.tell('told', {}, { timeout: 3000 }).catch((error: unknown) => error),
      ];
      await eventually(() => expect(heard.join('\n')).toContain(reply), 2700);
      for (const end of await Promise.all(ends)) {
        const cause = { kind: 'refused', reply, message: expect.stringContaining(reply) as string };
        expect(end).toMatchObject({ outcome: 'not-run', cause });
        expect((end as Error).message).toContain(reply);
      }
      await allow();
      await eventually(async () => expect(await client.call('work', 'after')).toBeTruthy());
      expect(ran.filter((n) => n !== 'before' && n !== 'after')).toEqual([]);
    },
    20_000,
  );

  it('OOM and a key of the wrong type: send and emit have the refusal as their cause', async () => {
    const service = await own();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    await service.redis.set(service.keys.stream('work'), 'x');
    const cause = { kind: 'refused', reply: 'WRONGTYPE', message: /wrong kind of value/ };
    const told = (): Promise<unknown> => client.tell('work').catch((error: unknown) => error);
    for (const end of [await client.failure('work'), await told()]) {
      expect(end).toMatchObject({ code: 'REDIS', outcome: 'not-run', pattern: 'work' });
      expect((end as Error).cause).toMatchObject({ kind: 'refused', reply: 'WRONGTYPE' });
      expect(((end as Error).cause as Error).message).toMatch(cause.message);
    }
    await service.redis.set(service.keys.live('asked'), 'x');
    expect(await client.failure('asked', {}, { whenNoConsumer: 'fail' })).toMatchObject({
      code: 'REDIS',
      cause: { reply: 'WRONGTYPE' },
    });
    await service.redis.del(service.keys.stream('work'));
    const heard = lines();
    await service.redis.config('SET', 'maxmemory', '1');
    for (const end of [await client.failure('work'), await told()]) {
      expect(end).toMatchObject({ code: 'REDIS', outcome: 'not-run', cause: { reply: 'OOM' } });
    }
    expect(heard.filter((line) => /stores nothing.*OOM/.test(line))).toHaveLength(1);
  });

  it('while Redis is away, a call says why it was not reached', async () => {
    const redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const client = await service.connected();
    await redis.stop();
    const failure = await client.failure('work', {}, { timeout: 300 });
    expect(failure).toMatchObject({ code: 'NOT_CONNECTED', outcome: 'not-run' });
    expect(String((failure as Error).cause)).toMatch(/ECONNREFUSED|closed|ended/);
  });
});

describe('a connection that dies young', () => {
  it('does not reset the pause: a Redis that accepts and drops connections is asked ever more rarely', async () => {
    const service = await own();
    let accepted = 0;
    const server = createServer((socket) => {
      accepted++;
      socket.on('error', () => {}).destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const heard = lines();
    const client = service.client({ url });
    void client.connect().catch(() => {});
    await pass(2500);
    expect(accepted).toBeLessThanOrEqual(10);
    expect(heard.join('\n')).toMatch(/cannot connect to Redis at 127.0.0.1/);
  });

  it('does not reset the pause: a Redis that drops every connection after the first commands', async () => {
    const service = await own();
    const { proxy, url } = await proxyTo(service.url);
    const client = await service.connected({ url });
    await client.failure('nobody', 1, { whenNoConsumer: 'fail' });
    const before = proxy.made;
    const timer = setInterval(() => {
      for (const each of proxy.passages) if (each.received > 0) each.destroy();
    }, 5);
    onTestFinished(() => clearInterval(timer));
    await pass(3000);
    // Two links. Of each, the pauses double from 25 to 50 ms up to 500 to 1000 ms: ten in three seconds at most.
    expect(proxy.made - before).toBeLessThanOrEqual(20);
    clearInterval(timer);
    expect(await client.failure('nobody', 1, { whenNoConsumer: 'fail' })).toMatchObject({
      code: 'NO_CONSUMER',
    });
  });

  // How long it must have lived for the next to be made at once: link.spec.ts, beside the source.
  it('is made anew within a moment the first time, whatever retryDelay: pauses grow from 50 ms', async () => {
    const service = await own();
    await service.serve({ messages: { work: (n: number) => n + 1 } }, { retryDelay: 60_000 });
    const client = await service.connected({ retryDelay: 60_000 });
    expect(await client.call('work', 1)).toBe(2);
    await service.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const from = performance.now();
    expect(await client.call('work', 2)).toBe(3);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});

describe('a normal life', () => {
  it('leaves no warning: connect, close, and a health probe', async () => {
    const service = await own();
    const heard = lines();
    await service.serve({ messages: { work: () => 1 } });
    for (let i = 0; i < 5; i++) {
      const client = await service.connected();
      await client.close();
    }
    const hasty = service.client();
    const connecting = hasty.connect().catch(() => {});
    await hasty.close();
    await connecting;
    expect(heard.filter((line) => !line.startsWith('log '))).toEqual([]);
  });
});

describe('names of connections', () => {
  const names = async (service: TestService): Promise<string[]> => {
    const list = String(await service.redis.client('LIST'));
    return [...list.matchAll(/ name=(nestjs-redis-streams\S*) /g)].map(([, name]) => name!);
  };

  it('say package, side, role, group or application, and instance', async () => {
    const service = await own();
    await service.serve({ messages: { work: () => 1 } }, { group: 'or:dérs' });
    const client = await service.connected();
    expect(await client.call('work')).toBe(1);
    const consumer = (await service.consumers('work', 'or:dérs'))[0];
    const all = await eventually(async () => {
      const found = await names(service);
      expect(found).toHaveLength(5);
      return found;
    });
    for (const role of ['commands', 'reader', 'subscriber']) {
      expect(all).toContain(`nestjs-redis-streams:server:${role}:or_d_rs:${consumer}`);
    }
    for (const role of ['commands', 'subscriber']) {
      expect(all.join('\n')).toMatch(
        new RegExp(`^nestjs-redis-streams:client:${role}:[^:]+:[^:]*-${process.pid}$`, 'm'),
      );
    }
    // Whoever knows it could answer in a service's place.
    expect(all.join()).not.toContain(client.callerId);
  });

  it('are those that the user gives', async () => {
    const service = await own();
    const client = await service.connected({ connectionName: 'mine' });
    await client.failure('nobody', {}, { whenNoConsumer: 'fail' });
    expect(await names(service)).toEqual([]);
    await eventually(async () => {
      expect(String(await service.redis.client('LIST')).match(/ name=mine /g)).toHaveLength(2);
    });
  });
});
