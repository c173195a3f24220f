// Priorities: a message that matters passes a full queue of what matters less.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import {
  ClientRedisStreams,
  type Priority,
  RedisStreamsContext,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';

const made: string[] = [];
let letGo: () => void = () => undefined;
let allMade: () => void = () => undefined;

@Controller()
class ReportsController {
  // One at a time. With `priorities` the pattern has a stream for what matters more, and one for what matters less.
  @EventPattern<string>('reports.make', { priorities: true, concurrency: 1 })
  async make(@Payload() report: string, @Ctx() context: RedisStreamsContext): Promise<void> {
    made.push(`${report}, ${context.getPriority()}`);
    if (made.length === 1) await new Promise<void>((resolve) => (letGo = resolve));
    if (made.length === 6) allMade();
  }
}

@Module({ controllers: [ReportsController] })
class ReportsModule {}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  made.length = 0;
  const ended = new Promise<void>((resolve) => (allMade = resolve));
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(ReportsModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'reports' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  const order = (report: string, priority: Priority): Promise<void> =>
    lastValueFrom(client.emit<void>('reports.make', new RedisStreamsRecord(report, { priority })), {
      defaultValue: undefined,
    });
  try {
    // Each of these is stored before the next one. The first one runs meanwhile.
    for (const month of ['january', 'february', 'march', 'april']) await order(month, 'low');
    await order('for the boss', 'high');
    await order('of today', 'normal');
    letGo();
    await ended;
    const place = (report: string): number => made.indexOf(report);
    return {
      first: made[0],
      // One report may have been read already: what matters more passes all others.
      highPassesNormal: place('for the boss, high') < place('of today, normal'),
      normalPassesLow: place('of today, normal') < place('march, low'),
      inItsOrder: place('march, low') < place('april, low'),
    };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
