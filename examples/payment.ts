// Idempotent payment: a caller that is not sure whether it has paid asks again with the same key, and pays once.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import {
  ClientRedisStreams,
  RedisStreamsError,
  RedisStreamsRecord,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';

interface Payment {
  readonly order: string;
  readonly cents: number;
}

let charges = 0;

@Controller()
class PaymentsController {
  @MessagePattern('payments.charge')
  charge(@Payload() payment: Payment): string {
    charges += 1;
    return `receipt ${charges} of ${payment.order}: ${payment.cents}`;
  }
}

@Module({ controllers: [PaymentsController] })
class PaymentsModule {}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  charges = 0;
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(PaymentsModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'payments' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  const pay = (payment: Payment): Promise<string> => {
    // The key comes from what is paid for, not from the attempt.
    const record = new RedisStreamsRecord(payment, { idempotencyKey: `order ${payment.order}` });
    return firstValueFrom(client.send<string>('payments.charge', record));
  };
  try {
    // Together, or hours apart: the first one runs, and the others get its result.
    const together = await Promise.all([
      pay({ order: 'A1', cents: 995 }),
      pay({ order: 'A1', cents: 995 }),
    ]);
    const later = await pay({ order: 'A1', cents: 995 });

    // The same key for another payment is a mistake in the program, and is refused.
    const other = await pay({ order: 'A1', cents: 1_000 }).catch(
      (error: unknown) => RedisStreamsError.isRedisStreamsError(error) && error.code,
    );
    return { receipts: [...together, later], charges, other };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
