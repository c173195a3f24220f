// Events to two services: each service gets each event, and the instances of one service share them.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { ClientRedisStreams, RedisStreamsContext, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom, Subject, take, toArray } from 'rxjs';

/** What the handlers have done, for the caller of this example. */
const handled = new Subject<string>();
let attempts = 0;

@Controller()
class BillingController {
  // `<string>` picks the overload of Nest's decorator that allows a typed context.
  @EventPattern<string>('order.placed')
  bill(@Payload() order: { id: string }, @Ctx() context: RedisStreamsContext): void {
    // The first attempt fails. The transport runs this handler again, and this one only.
    if (attempts++ === 0) throw new Error('the ledger is locked');
    handled.next(`billing ${order.id}, failed attempts: ${context.getFailedAttempts()}`);
  }
}

@Module({ controllers: [BillingController] })
class BillingModule {}

@Controller()
class ShippingController {
  @EventPattern('order.placed')
  ship(@Payload() order: { id: string }): void {
    handled.next(`shipping ${order.id}`);
  }
}

@Module({ controllers: [ShippingController] })
class ShippingModule {}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  attempts = 0;
  const start = async (module: typeof BillingModule, group: string) => {
    const service = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
      strategy: new ServerRedisStreams({ ...redis, group, retry: { delay: 50 } }),
      logger: false,
    });
    await service.listen();
    return service;
  };
  // One instance bills. Two instances ship, and only one of them gets the event.
  const services = [
    await start(BillingModule, 'billing'),
    await start(ShippingModule, 'shipping'),
    await start(ShippingModule, 'shipping'),
  ];
  const client = new ClientRedisStreams(redis);
  try {
    const all = firstValueFrom(handled.pipe(take(2), toArray()));
    // Completes when Redis has stored the event, not when the services have handled it.
    await firstValueFrom(client.emit('order.placed', { id: 'A1' }), { defaultValue: undefined });
    return (await all).toSorted();
  } finally {
    await client.close();
    await Promise.all(services.map((service) => service.close()));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
