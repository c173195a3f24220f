import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range } from '../../support/tally.js';
import { listening, TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

describe('closing a client', () => {
  it('rejects what is open with CLOSED, and says what is known', async () => {
    const service = new TestService();
    const gate = new Gate();
    const aborted: string[] = [];
    const work = async (_: unknown, { signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', () => aborted.push('running'));
      await gate.opened;
    };
    await service.serve({ messages: { work } }, { concurrency: 1 });
    const client = await service.connected();
    const running = client.failure('work');
    await eventually(async () => expect(await service.pending('work')).toBe(1));
    const waiting = client.failure('work');
    await eventually(async () => expect(await service.length('work')).toBe(2));
    const from = performance.now();
    await client.close();
    expect(performance.now() - from).toBeLessThan(1000);
    expect(await running).toMatchObject({ code: 'CLOSED', outcome: 'may-have-run' });
    expect(await waiting).toMatchObject({ code: 'CLOSED', outcome: 'not-run' });
    await eventually(() => expect(aborted).toEqual(['running']));
    gate.open();
    await eventually(async () => expect(await service.length('work')).toBe(0));
  });

  it('rejects what never left as certainly not run', async () => {
    const service = new TestService({ url: 'redis://127.0.0.1:9' });
    const client = service.client();
    const outcomes = Promise.allSettled([client.call('work'), client.tell('work')]);
    await client.close();
    expect(await outcomes).toMatchObject([
      { reason: { code: 'CLOSED', outcome: 'not-run' } },
      { reason: { code: 'CLOSED', outcome: 'not-run' } },
    ]);
  });

  it('ends in time when Redis is frozen', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const call = client.failure('work');
    await eventually(async () => expect(await service.length('work')).toBe(1));
    redis.freeze();
    const from = performance.now();
    await client.close();
    expect(performance.now() - from).toBeLessThan(2000);
    expect(await call).toMatchObject({ code: 'CLOSED', outcome: 'may-have-run' });
    redis.thaw();
  });
});

describe('closing a server', () => {
  it('lets running handlers finish, and their replies arrive', async () => {
    const service = new TestService();
    const gate = new Gate();
    const server = await service.serve({
      messages: { work: () => gate.opened.then(() => 'done') },
    });
    const client = await service.connected();
    const calls = range(5).map(() => client.call('work'));
    await eventually(async () => expect(await service.pending('work')).toBe(5));
    const closing = server.close();
    gate.open();
    await closing;
    expect(await Promise.all(calls)).toEqual(range(5).map(() => 'done'));
    expect(await service.length('work')).toBe(0);
  });

  it('leaves to others what does not finish within drainTimeout, and fires its signal', async () => {
    const service = new TestService();
    const signals: AbortSignal[] = [];
    const forever = (_: unknown, { signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const server = await service.serve({ messages: { work: forever } }, { drainTimeout: 200 });
    const client = await service.connected();
    const call = client.call('work');
    await eventually(() => expect(signals).toHaveLength(1));
    await server.close();
    expect(signals[0]!.aborted).toBe(true);
    await service.serve({ messages: { work: () => 'heir' } });
    expect(await call).toBe('heir');
  });

  it('does not count a failure while it drains twice: a retry keeps its delay', async () => {
    const service = new TestService();
    const gate = new Gate();
    const extras = { retry: { attempts: 5, delay: 60_000, maxDelay: 60_000, jitter: 0 } };
    const started = new Gate();
    const fail = async () => {
      started.open();
      await gate.opened;
      throw new Error('not now');
    };
    const server = await service.serve({ events: { happened: [fail, extras] } });
    const client = await service.connected();
    await client.tell('happened');
    await started.opened;
    const closing = server.close();
    gate.open();
    await closing;
    const ran: number[] = [];
    await service.serve({ events: { happened: [() => void ran.push(1), extras] } });
    await eventually(async () => expect(await service.consumers('happened')).toHaveLength(1));
    // Its second attempt is a minute away, whoever makes it.
    expect(await service.redis.hlen(service.keys.due('happened'))).toBe(1);
    expect(ran).toEqual([]);
  });

  it('is not held up by a read that reaches Redis at the same time', async () => {
    const service = new TestService();
    const client = await service.connected();
    let longest = 0;
    for (let round = 0; round < 40; round++) {
      const server = await service.serve({ messages: { work: () => 'done' } });
      await client.call('work');
      const from = performance.now();
      await server.close();
      longest = Math.max(longest, performance.now() - from);
    }
    expect(longest).toBeLessThan(1500);
  });

  it('ends in time when Redis is gone', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const server = await service.serve({ messages: { work: () => 1 } }, { drainTimeout: 500 });
    await redis.kill();
    const from = performance.now();
    await server.close();
    expect(performance.now() - from).toBeLessThan(5000);
  });
});

describe('afterwards', () => {
  it('no connection and no handle is left', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const connections = async () =>
      String(await service.redis.client('LIST'))
        .trim()
        .split('\n').length;
    await service.redis.ping();
    const handles = () =>
      process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Pipe/.test(name)).length;
    expect(await connections()).toBe(1);
    const before = handles();
    const options = { url: redis.url, prefix: service.prefix };
    const server = new ServerRedisStreams({ ...options, group: 'service' });
    server.addHandler('work', (async () => 'done') as never);
    server.addHandler('fail', (() => Promise.reject(new Error('x'))) as never, true);
    await listening(server);
    const client = new ClientRedisStreams(options);
    expect(await firstValueFrom(client.send('work', {}))).toBe('done');
    await firstValueFrom(client.emit('fail', {}), { defaultValue: undefined });
    // Three of the server, two of the client, and the one that looks.
    expect(await connections()).toBe(6);
    await Promise.all([server.close(), client.close()]);
    expect(await connections()).toBe(1);
    await eventually(() => expect(handles()).toBeLessThanOrEqual(before));
  });
});
