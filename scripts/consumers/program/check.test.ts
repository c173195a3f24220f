// The same under Jest, and what docs/testing.md has for tests of applications.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ClientRedisStreams, RedisStreamsRecord, ServerRedisStreams } from 'nestjs-redis-streams';
import { createContext, createTestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom } from 'rxjs';
import { check } from './check.js';
import { MathsController, noted, TheatreModule } from './service.js';

test('works under Jest', async () => {
  expect(await check(process.env.CONSUMER_REDIS ?? '')).toContain('contract');
}, 30_000);

test('a handler alone, with a context', () => {
  const again = createContext({ kind: 'event', failedAttempts: 2 });
  noted.length = 0;
  new MathsController().solved({ by: 'Eve' }, again);
  expect(noted).toEqual(['Eve 2']);
});

test('a broker in memory: delays, retries and dead letters take no time', async () => {
  const broker = createTestBroker();
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(TheatreModule, {
    strategy: new ServerRedisStreams({
      client: broker.redis(),
      group: 'theatre',
      retry: { attempts: 3, delay: 60_000 },
    }),
    logger: false,
  });
  await service.listen();
  const client = new ClientRedisStreams({ client: broker.redis() });
  noted.length = 0;
  const began = broker.now;
  const inAnHour = new RedisStreamsRecord({ by: 'Ada' }, { delay: 3_600_000 });
  await firstValueFrom(client.emit('maths.solved', inAnHour), { defaultValue: undefined });
  await firstValueFrom(client.emit('maths.lost', { by: 'Bob' }), { defaultValue: undefined });
  await broker.drain(2 * 3_600_000);
  expect(noted).toEqual(['Ada 0', 'Ada 1', 'Ada 2']);
  expect(broker.now - began).toBeGreaterThanOrEqual(3_600_000);
  expect(broker.deadLetters('theatre')).toMatchObject([{ pattern: 'maths.lost' }]);
  const late = firstValueFrom(
    client.send<number>('maths.sum', new RedisStreamsRecord([1, 2], { delay: 5000 })),
  );
  expect(await broker.until(late)).toBe(3);
  await client.close();
  await service.close();
});
