import {
  ClientRedisStreams,
  ServerRedisStreams,
  type RedisStreamsContext,
} from 'nestjs-redis-streams';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom } from 'rxjs';
import { onTestFinished } from 'vitest';
import { listening } from '../support/test-service.js';

async function setup() {
  const broker = createTestBroker();
  const seen: string[] = [];
  const server = new ServerRedisStreams({
    client: broker.redis(),
    wildcards: true,
    group: 'audit',
  });
  onTestFinished(() => server.close());
  const note = (_: never, context: RedisStreamsContext) => void seen.push(context.getPattern());
  server.addHandler('orders.*', note as never, true);
  server.addHandler('*.price', ((data: number) => data + 1) as never);
  await broker.until(listening(server));
  const client = new ClientRedisStreams({ client: broker.redis() });
  onTestFinished(() => client.close());
  return { broker, seen, client };
}

test('wildcards work on the test broker: first events, and first calls', async () => {
  const { broker, seen, client } = await setup();
  const emitted = firstValueFrom(client.emit('orders.placed', 1), { defaultValue: undefined });
  await broker.until(emitted);
  expect(await broker.until(firstValueFrom(client.send('tea.price', 1)))).toBe(2);
  await broker.drain();
  expect(seen).toEqual(['orders.placed']);
});

test('a service that names a pattern starts beside a wildcard that answered it, and has it from then on; each call runs once', async () => {
  const broker = createTestBroker();
  const ran: string[] = [];
  const serve = async (group: string, pattern: string, handler: (data: number) => unknown) => {
    const server = new ServerRedisStreams({ client: broker.redis(), wildcards: true, group });
    onTestFinished(() => server.close());
    server.addHandler(pattern, handler as never);
    await broker.until(listening(server));
  };
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  await serve('wild', 'orders.*', async (data) => {
    ran.push(`wild ${data}`);
    if (data === 1) await gate;
    return 'wild';
  });
  const client = new ClientRedisStreams({ client: broker.redis() });
  onTestFinished(() => client.close());
  const call = (pattern: string, data: number) => firstValueFrom(client.send(pattern, data));
  expect(await broker.until(call('orders.price', 0))).toBe('wild');
  const running = call('orders.price', 1);
  await vi.waitUntil(() => ran.length === 2);
  await serve('prices', 'orders.price', (data) => {
    ran.push(`named ${data}`);
    return 'named';
  });
  for (const data of [2, 3]) expect(await broker.until(call('orders.price', data))).toBe('named');
  expect(await broker.until(call('orders.size', 4))).toBe('wild');
  release();
  expect(await broker.until(running)).toBe('wild');
  expect(ran).toEqual(['wild 0', 'wild 1', 'named 2', 'named 3', 'wild 4']);
});
