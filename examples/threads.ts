// Handlers that compute in threads: the event loop of the service goes on meanwhile, and a caller can stop them.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, type DynamicModule, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import {
  ClientRedisStreams,
  REDIS_STREAMS,
  RedisStreamsContext,
  RedisStreamsRecord,
  ServerRedisStreams,
  type ThreadOptions,
} from 'nestjs-redis-streams';
import { inThread, type InThread } from 'nestjs-redis-streams/threads';
import { firstValueFrom } from 'rxjs';
import type { primesBelow } from './threads/primes.js';

const PRIMES = new URL('./threads/primes.js', import.meta.url);

@Controller()
class MathsController {
  // Injected, so that a test can give another function.
  constructor(@Inject('PRIMES') private readonly counted: InThread<typeof primesBelow>) {}

  @MessagePattern('maths.primes', REDIS_STREAMS, { threads: true })
  async primes(@Payload() limit: number, @Ctx() context: RedisStreamsContext): Promise<number> {
    // Pipes, guards and validation have happened here, in the service; the function runs elsewhere.
    return this.counted(limit, context);
  }

  @MessagePattern('maths.ping')
  ping(): string {
    return 'pong';
  }
}

@Module({ controllers: [MathsController] })
class MathsModule {}

/**
 * @param threads options of the threads; by default there is one less than there are cores
 * @param module what they load
 */
export async function run(url: string, threads: ThreadOptions = {}, module: URL = PRIMES) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  const primes = inThread<typeof primesBelow>(module, 'primesBelow');
  const maths: DynamicModule = {
    module: MathsModule,
    providers: [{ provide: 'PRIMES', useValue: primes }],
  };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(maths, {
    strategy: new ServerRedisStreams({ ...redis, group: 'maths', threads }),
    logger: false,
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  try {
    const answered: string[] = [];
    const note = async (name: string, reply: Promise<unknown>) => {
      const value = await reply;
      answered.push(name);
      return value;
    };
    // It computes for a while, and the ping that comes after it is answered first.
    const [below] = await Promise.all([
      note('primes', firstValueFrom(client.send<number>('maths.primes', 200_000))),
      note('ping', firstValueFrom(client.send<string>('maths.ping', {}))),
    ]);
    // This one would take hours. Its caller stops waiting, and its thread is free again.
    const signal = AbortSignal.timeout(500);
    const endless = new RedisStreamsRecord(1e12, { signal, timeout: 86_400_000 });
    const given = await firstValueFrom(client.send('maths.primes', endless)).catch(
      ({ code }: { code: string }) => code,
    );
    const again = await firstValueFrom(client.send<number>('maths.primes', 100));
    return { below, answered, given, again };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
