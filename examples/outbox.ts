// Outbox: a change in the database and the event about it happen together, or not at all. The event is stored
// in the transaction of the change. A relay sends it later, perhaps twice; its key makes it count once.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { ClientRedisStreams, RedisStreamsRecord, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom, Subject, take, toArray } from 'rxjs';

interface OutboxRow {
  readonly id: string;
  readonly pattern: string;
  readonly data: unknown;
}

/** Stands for your database: both tables change in one transaction. */
class Database {
  readonly orders = new Map<string, { cents: number }>();
  readonly outbox = new Map<string, OutboxRow>();

  placeOrder(order: string, cents: number): void {
    this.orders.set(order, { cents });
    const row = { id: randomUUID(), pattern: 'order.placed', data: { order, cents } };
    this.outbox.set(row.id, row);
  }
}

/** Sends what the outbox holds, and deletes a row when Redis has stored its event. */
class Relay {
  constructor(
    private readonly database: Database,
    private readonly client: ClientRedisStreams,
  ) {}

  async send(crash = false): Promise<number> {
    const rows = [...this.database.outbox.values()];
    for (const { id, pattern, data } of rows) {
      const record = new RedisStreamsRecord(data, { idempotencyKey: id });
      await firstValueFrom(this.client.emit(pattern, record), { defaultValue: undefined });
      // A crash here leaves the row, and the next relay sends its event again.
      if (!crash) this.database.outbox.delete(id);
    }
    return rows.length;
  }
}

const handled = new Subject<string>();

@Controller()
class MailController {
  @EventPattern('order.placed')
  placed(@Payload() { order, cents }: { order: string; cents: number }): void {
    handled.next(`mail about ${order}: ${cents}`);
  }
}

@Module({ controllers: [MailController] })
class MailModule {}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(MailModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'mail' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  const database = new Database();
  const relay = new Relay(database, client);
  try {
    const mails = firstValueFrom(handled.pipe(take(2), toArray()));
    database.placeOrder('A1', 995);
    const sent = [await relay.send(true), await relay.send()];
    database.placeOrder('A2', 500);
    sent.push(await relay.send());
    return { sent, mails: (await mails).toSorted(), left: database.outbox.size };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
