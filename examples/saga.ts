// A saga with compensation: an order takes several steps in several services. When one fails, the steps before
// it are undone, last one first.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, type DynamicModule, Module } from '@nestjs/common';
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
  RedisStreamsModule,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';

const log: string[] = [];

// The services that do the work.

@Controller()
class StockController {
  @MessagePattern('stock.reserve')
  reserve(@Payload() order: string): boolean {
    return log.push(`reserved ${order}`) > 0;
  }

  @MessagePattern('stock.release')
  release(@Payload() order: string): boolean {
    return log.push(`released ${order}`) > 0;
  }
}

@Controller()
class PaymentController {
  @MessagePattern('payment.charge')
  charge(@Payload() order: string): boolean {
    if (order === 'poor') throw new RpcException('card declined');
    return log.push(`charged ${order}`) > 0;
  }

  @MessagePattern('payment.refund')
  refund(@Payload() order: string): boolean {
    return log.push(`refunded ${order}`) > 0;
  }
}

// The saga. It runs in a handler, so its calls end no later than the call that it serves.

interface Step {
  readonly run: string;
  readonly undo: string;
}

const STEPS: readonly Step[] = [
  { run: 'stock.reserve', undo: 'stock.release' },
  { run: 'payment.charge', undo: 'payment.refund' },
];

@Controller()
class OrdersController {
  constructor(private readonly client: ClientRedisStreams) {}

  @MessagePattern('orders.place')
  async place(@Payload() order: string): Promise<string> {
    const begun: Step[] = [];
    for (const step of STEPS) {
      try {
        await this.call(step.run, order);
        begun.push(step);
      } catch (error) {
        // A step that may have run is undone too. Undoing what was never done must do nothing, and a step
        // that is still running must end when `ctx.signal` fires.
        if (RedisStreamsError.isRedisStreamsError(error) && error.outcome === 'may-have-run')
          begun.push(step);
        for (const done of begun.toReversed()) await this.call(done.undo, order);
        return `refused: ${(error as Error).message}`;
      }
    }
    return 'placed';
  }

  /** The key makes each step run once, even if this handler is run again after a crash. */
  private call(pattern: string, order: string): Promise<unknown> {
    const record = new RedisStreamsRecord(order, { idempotencyKey: `saga ${order}` });
    return firstValueFrom(this.client.send(pattern, record));
  }
}

@Module({})
class ShopModule {
  static register(redis: { url: string; prefix: string }): DynamicModule {
    const controllers = [StockController, PaymentController, OrdersController];
    return { module: ShopModule, imports: [RedisStreamsModule.forRoot(redis)], controllers };
  }
}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  log.length = 0;
  // One service for brevity. Each controller may as well be a service with a group of its own.
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(
    ShopModule.register(redis),
    {
      strategy: new ServerRedisStreams({ ...redis, group: 'shop' }),
      logger: ['error', 'warn'],
    },
  );
  await service.listen();
  const client = new ClientRedisStreams(redis);
  try {
    const place = (order: string) => firstValueFrom(client.send<string>('orders.place', order));
    return { rich: await place('rich'), poor: await place('poor'), log: [...log] };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
