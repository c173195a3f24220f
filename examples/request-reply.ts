// Request and reply: a call ends with the reply, with the error of the handler, or with an error of the
// transport that says whether the handler has run.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import {
  ClientRedisStreams,
  RedisStreamsError,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';

@Controller()
class PricesController {
  @MessagePattern('prices.total')
  total(@Payload() prices: number[]): number {
    if (prices.length === 0) throw new RpcException('nothing to add');
    return prices.reduce((total, price) => total + price, 0);
  }
}

@Module({ controllers: [PricesController] })
class PricesModule {}

export async function run(url: string) {
  // A prefix for this run alone, so that it does not see what other runs left in Redis.
  const redis = { url, prefix: `example-${randomUUID()}` };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(PricesModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'prices' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  try {
    const total = await firstValueFrom(client.send<number>('prices.total', [5, 7]));

    // What the handler throws arrives as on Nest's own transports.
    const refused: unknown = await firstValueFrom(client.send('prices.total', [])).catch(
      (error: unknown) => error,
    );

    // No service has this pattern. `fail` asks for the answer at once, instead of after a second.
    const record = new RedisStreamsRecord([5, 7], { whenNoConsumer: 'fail' });
    const unserved = await firstValueFrom(client.send('prices.average', record)).catch(
      (error: unknown) =>
        RedisStreamsError.isRedisStreamsError(error) && `${error.code}, ${error.outcome}`,
    );
    return { total, refused, unserved };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
