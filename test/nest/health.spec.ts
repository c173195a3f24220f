import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import type { ServerRedisStreams } from 'nestjs-redis-streams';
import { RedisStreamsHealthIndicator, type ServerHealthOptions } from 'nestjs-redis-streams/health';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { Gate } from '../support/gate.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { deadUrl } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

const indicator = new RedisStreamsHealthIndicator();
const of = (server: ServerRedisStreams, options?: ServerHealthOptions) =>
  indicator.server('orders', server, options)['orders'];
const works = { messages: { works: () => 1 } };

describe('health of an instance', () => {
  it('up: a member that reads and renews its lease; down before it listens and after it closes', async () => {
    const service = new TestService();
    const server = service.server(works);
    expect(of(server)).toMatchObject({ status: 'down', message: 'the server is idle' });
    const listening = await service.serve(works);
    expect(of(listening)).toMatchObject({
      ...{ status: 'up', state: 'running', member: true, running: 0, behind: 0 },
      shards: { up: 1, all: 1 },
    });
    expect(listening.health().leaseFor).toBeGreaterThan(0);
    expect(listening.health().readAgo).toBeLessThan(6000);
    await listening.close();
    expect(of(listening)).toMatchObject({ status: 'down', message: 'the server is idle' });
  });

  it('is down while it drains, so that nothing is sent there any more', async () => {
    const service = new TestService();
    const gate = new Gate();
    const server = await service.serve({ messages: { waits: async () => (await gate.opened, 1) } });
    const client = await service.connected();
    const answer = client.call('waits');
    await eventually(() => expect(server.health().running).toBe(1));
    const closed = server.close();
    expect(of(server)).toMatchObject({ status: 'down', message: 'the server is draining' });
    gate.open();
    await Promise.all([answer, closed]);
  });

  it('says how far it is behind, and is down beyond a bound', async () => {
    const service = new TestService();
    const gate = new Gate();
    const server = await service.serve(
      { messages: { waits: async () => (await gate.opened, 1) } },
      { concurrency: 1 },
    );
    const client = await service.connected();
    const calls = [1, 2, 3].map(() => client.call('waits'));
    await eventually(() => expect(server.health().behind).toBeGreaterThan(300));
    expect(of(server)).toMatchObject({ status: 'up' });
    expect(of(server, { maxBehind: 200 })).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/^the oldest entry may have waited for \d+ ms$/) as string,
    });
    gate.open();
    await Promise.all(calls);
    await eventually(() => expect(server.health().behind).toBe(0));
    expect(of(server, { maxBehind: 200 })).toMatchObject({ status: 'up' });
  });

  it('is down when Redis is gone, and up again when it is back', async () => {
    const redis = await startPrivateRedis();
    await using _ = redis;
    const service = new TestService({ url: redis.url });
    const server = await service.serve(works, { leaseTtl: 3000, retryDelay: 50 });
    expect(of(server)).toMatchObject({ status: 'up' });
    await redis.kill();
    await eventually(() => expect(of(server)).toMatchObject({ status: 'down' }));
    await redis.restart();
    await eventually(() => expect(of(server)).toMatchObject({ status: 'up' }));
  });

  it('is down when Redis stands still: the lease is not renewed', async () => {
    const redis = await startPrivateRedis();
    await using _ = redis;
    const service = new TestService({ url: redis.url });
    const server = await service.serve(works, { leaseTtl: 3000, drainTimeout: 0 });
    redis.freeze();
    await eventually(() => expect(of(server)).toMatchObject({ status: 'down' }));
    redis.thaw();
    await eventually(() => expect(of(server)).toMatchObject({ status: 'up' }));
  });
});

describe('health of a client', () => {
  it('up: it reaches Redis, and the probe leaves nothing there', async () => {
    const service = new TestService();
    const client = await service.connected();
    const keys = () => service.keysLike(`*${service.prefix}*`);
    const before = await keys();
    const result = await indicator.client('orders', client);
    expect(result['orders']).toMatchObject({ status: 'up', state: 'connected' });
    expect((await keys()).toSorted()).toEqual(before.toSorted());
  });

  it('connects one that is not connected yet', async () => {
    const result = await indicator.client('orders', new TestService().client());
    expect(result['orders']).toMatchObject({ status: 'up' });
  });

  it('down: Redis cannot be reached in time, and says why', async () => {
    const client = new TestService({ url: deadUrl }).client();
    const result = await indicator.client('orders', client, { timeout: 100 });
    expect(result['orders']).toMatchObject({ status: 'down', message: 'no answer in 100 ms' });
  });
});

test('Nest’s terminus takes both', async () => {
  const module = TerminusModule.forRoot({ logger: false });
  const testing = Test.createTestingModule({
    imports: [module],
    providers: [RedisStreamsHealthIndicator],
  });
  const app = closing(await testing.compile());
  const checks = await app.resolve(HealthCheckService);
  const streams = app.get(RedisStreamsHealthIndicator);
  const service = new TestService();
  const server = await service.serve(works);
  const client = await service.connected();
  const check = () =>
    checks.check([() => streams.server('orders', server), () => streams.client('billing', client)]);
  expect(await check()).toMatchObject({
    status: 'ok',
    info: { orders: { status: 'up', member: true }, billing: { status: 'up' } },
  });
  await server.close();
  await expect(check()).rejects.toMatchObject({
    response: { status: 'error', error: { orders: { status: 'down' } } },
  });
});
