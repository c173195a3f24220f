// Testing: a handler as a method, a caller with a double of its client, and both over a broker in memory and over Redis.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Injectable, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams, RedisStreamsModule, ServerRedisStreams } from 'nestjs-redis-streams';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom, of } from 'rxjs';

// What is tested: a service and its caller.

@Controller()
class WeatherController {
  @MessagePattern('weather.now')
  now(@Payload() place: string): string {
    return `rain in ${place}`;
  }
}

@Injectable()
class Umbrella {
  constructor(private readonly client: ClientRedisStreams) {}

  async isNeeded(place: string): Promise<boolean> {
    const weather = await firstValueFrom(this.client.send<string>('weather.now', place));
    return weather.startsWith('rain');
  }
}

@Module({ providers: [Umbrella] })
class UmbrellaModule {}

export async function run(url: string) {
  // 1. The handler alone. It is a method, and needs neither Nest nor Redis.
  const unit = new WeatherController().now('Bergen');

  // 2. The caller alone. Its client is a double that answers from here.
  const double = { send: () => of('sun') };
  const alone = await Test.createTestingModule({
    providers: [Umbrella, { provide: ClientRedisStreams, useValue: double }],
  }).compile();
  const withDouble = await alone.get(Umbrella).isNeeded('Bergen');
  await alone.close();

  // 3. Both, over a broker in memory. Its time passes when the test says so.
  const broker = createTestBroker();
  const inMemory = await Test.createTestingModule({
    imports: [
      RedisStreamsModule.forRoot({ client: broker.redis(), isGlobal: true }),
      UmbrellaModule,
    ],
    controllers: [WeatherController],
  }).compile();
  const service = inMemory.createNestMicroservice({
    strategy: new ServerRedisStreams({ client: broker.redis() }),
    logger: false,
  });
  await service.listen();
  const overBroker = await service.get(Umbrella).isNeeded('Bergen');
  await service.close();

  // 4. Both, over Redis. A prefix for each test: tests that run at once do not see each other.
  const redis = { url, prefix: `test-${randomUUID()}` };
  const testing = await Test.createTestingModule({
    imports: [RedisStreamsModule.forRoot({ ...redis, isGlobal: true }), UmbrellaModule],
    controllers: [WeatherController],
  }).compile();
  const app = testing.createNestMicroservice({
    // Failed events are run again at once, and closing waits for no handler.
    strategy: new ServerRedisStreams({ ...redis, retry: { delay: 1 }, drainTimeout: 0 }),
    logger: false,
  });
  try {
    await app.listen();
    const overRedis = await app.get(Umbrella).isNeeded('Bergen');
    return { unit, withDouble, overBroker, overRedis };
  } finally {
    // Closes the client of the module too.
    await app.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
