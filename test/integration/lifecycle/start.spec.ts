import { createServer, type AddressInfo } from 'node:net';
import { ServerRedisStreams } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { listening, TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** A Redis that was started and stopped: its port is free, and nobody listens. */
async function absent() {
  const redis = await startPrivateRedis();
  await redis.stop();
  onTestFinished(() => redis.stop());
  return { redis, service: new TestService({ url: redis.url }) };
}

describe('with Redis absent', () => {
  it('listen() and connect() wait, and recover when it appears', async () => {
    const { redis, service } = await absent();
    const server = service.server({ messages: { work: (n: number) => n + 1 } });
    const client = service.client();
    let up = 0;
    const waiting = [listening(server), client.connect()].map((promise) =>
      promise.then(() => void up++),
    );
    const errors: unknown[] = [];
    client.on('error', (...args) => errors.push(args));
    await eventually(() => expect(errors.length).toBeGreaterThan(1));
    expect(up).toBe(0);
    await redis.restart();
    await Promise.all(waiting);
    expect(await client.call('work', 1)).toBe(2);
  });

  it('a call without connect() waits, and ends at its deadline: NOT_CONNECTED, not run', async () => {
    const { service } = await absent();
    const client = service.client();
    expect(await client.failure('work', 1, { timeout: 300 })).toMatchObject({
      code: 'NOT_CONNECTED',
      outcome: 'not-run',
      retryable: true,
    });
    await expect(client.tell('work', 1, { timeout: 300 })).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
      outcome: 'not-run',
    });
  });

  it('a call that waited is sent when Redis appears in time', async () => {
    const { redis, service } = await absent();
    const client = service.client({ whenNoConsumer: 'wait' });
    const call = client.call('work', 1);
    const event = client.tell('work', 5);
    await redis.restart();
    const seen: number[] = [];
    await service.serve({ messages: { work: (n: number) => seen.push(n) } });
    await call;
    await event;
    await eventually(() => expect([...seen].sort()).toEqual([1, 5]));
  });

  it('with retryAttempts they reject NOT_CONNECTED, and may be tried again', async () => {
    const { redis, service } = await absent();
    const attempts = { retryAttempts: 2, retryDelay: 50 };
    const server = service.server({ messages: { work: () => 'here' } }, attempts);
    const client = service.client(attempts);
    await expect(listening(server)).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await expect(client.connect()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await redis.restart();
    await listening(server);
    await client.connect();
    expect(await client.call('work')).toBe('here');
  });

  it('close() ends a start that waits', async () => {
    const { service } = await absent();
    const server = service.server({ messages: { work: () => 1 } });
    const client = service.client();
    const starts = Promise.allSettled([listening(server), client.connect()]);
    await Promise.all([server.close(), client.close()]);
    expect(await starts).toMatchObject([
      { status: 'rejected', reason: { code: 'CLOSED' } },
      { status: 'rejected', reason: { code: 'CLOSED' } },
    ]);
  });

  it('close() ends a start that got a connection but no answer', async () => {
    const mute = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void mute.close());
    const service = new TestService({
      url: `redis://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    });
    const server = service.server({ messages: { work: () => 1 } });
    const connections = () =>
      new Promise<number>((resolve) => mute.getConnections((_, count) => resolve(count)));
    const start = Promise.allSettled([listening(server)]);
    await eventually(async () => expect(await connections()).toBeGreaterThan(0));
    await server.close();
    expect(await start).toMatchObject([{ status: 'rejected', reason: { code: 'CLOSED' } }]);
    await eventually(async () => expect(await connections()).toBe(0));
  });
});

describe('start and close', () => {
  it('a start that fails before it connects leaves no listener for signals', async () => {
    const own = (): void => {};
    process.on('SIGTERM', own);
    onTestFinished(() => void process.off('SIGTERM', own));
    const before = process.listenerCount('SIGTERM');
    const server = new TestService().server({ messages: { work: () => 1 } });
    server.accompany(() => {
      throw new Error('no companion');
    });
    await expect(listening(server)).rejects.toThrow('no companion');
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it('close() before listen() and connect() does nothing, and is repeatable', async () => {
    const service = new TestService();
    const server = service.server({ messages: { work: () => 1 } });
    const client = service.client();
    await Promise.all([server.close(), server.close(), client.close(), client.close()]);
    await listening(server);
    expect(await client.call('work')).toBe(1);
    await Promise.all([server.close(), server.close(), client.close(), client.close()]);
    await server.close();
    await client.close();
  });

  it('a second listen() is refused, and the first goes on', async () => {
    const service = new TestService();
    const server = await service.serve({ messages: { work: () => 1 } });
    await expect(listening(server)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    const client = await service.connected();
    expect(await client.call('work')).toBe(1);
  });

  it('a server listens again after close, under another name', async () => {
    const service = new TestService();
    const handler = (_: unknown, context: { getConsumer(): string }) => context.getConsumer();
    const server = await service.serve({ messages: { work: handler } });
    const client = await service.connected();
    const first = await client.call('work');
    await server.close();
    await listening(server);
    expect(await client.call('work')).not.toBe(first);
    await eventually(async () => expect(await service.consumers('work')).toHaveLength(1));
  });

  it('a client connects again after close', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    expect(await client.call('work')).toBe(1);
    await client.close();
    expect(await client.call('work')).toBe(1);
  });

  it('close() while it starts', async () => {
    const service = new TestService();
    for (let turn = 0; turn < 10; turn++) {
      const server = new ServerRedisStreams(service.serverOptions);
      server.addHandler('work', (async () => 1) as never);
      const start = Promise.allSettled([listening(server)]);
      for (let i = 0; i < turn; i++) await new Promise((resolve) => setImmediate(resolve));
      await server.close();
      const [{ status }] = await start;
      expect(['fulfilled', 'rejected']).toContain(status);
    }
    await eventually(async () => {
      expect(await service.redis.zcard(service.keys.members('service'))).toBe(0);
    });
  });
});
