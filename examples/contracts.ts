// Contracts: one class that the service implements and the client calls. The compiler checks both sides, and
// every call is checked at run time.
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { IsEmail, IsInt, Min } from 'class-validator';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import {
  Command,
  Contract,
  contractClient,
  type ContractHandlers,
  ContractsModule,
  ContractValidationError,
  Implements,
  remote,
  Streamed,
} from 'nestjs-redis-streams/contracts';

// What both sides import.

export class Booking {
  @IsEmail() email!: string;
  @IsInt() @Min(1) seats!: number;
}

export class SoldOut extends Error {
  readonly code = 'SOLD_OUT';
}

@Contract({ name: 'theatre', version: '1.0.0', errors: [SoldOut] })
export abstract class TheatreContract {
  @Command() book(booking: Booking): Command<string> {
    return remote(booking);
  }

  @Streamed() shows(month: number): Streamed<Date> {
    return remote(month);
  }
}

// The service.

@Controller()
@Implements(TheatreContract)
class TheatreController implements ContractHandlers<TheatreContract> {
  book({ email, seats }: Booking): string {
    if (seats > 4) throw new SoldOut(`${seats} seats are not left`);
    return `${seats} for ${email}`;
  }

  async *shows(month: number): AsyncGenerator<Date> {
    for (const day of [1, 2]) yield new Date(Date.UTC(2026, month - 1, day));
  }
}

@Module({
  imports: [ContractsModule.forServer([TheatreContract])],
  controllers: [TheatreController],
})
class TheatreModule {}

export async function run(url: string) {
  const redis = { url, prefix: `example-${randomUUID()}` };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(TheatreModule, {
    strategy: new ServerRedisStreams({ ...redis, group: 'theatre' }),
    logger: ['error', 'warn'],
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  const theatre = contractClient(TheatreContract, client);
  try {
    const booked = await theatre.book({ email: 'ada@example.org', seats: 2 });

    // Refused here: nothing is sent.
    const invalid = await theatre
      .book({ email: 'ada', seats: 2 })
      .catch((error: unknown) =>
        error instanceof ContractValidationError
          ? error.details.map(({ property }) => property)
          : error,
      );

    // Errors that the contract lists arrive as their own class.
    const soldOut = await theatre
      .book({ email: 'ada@example.org', seats: 5 })
      .catch((error: unknown) => error instanceof SoldOut && error.message);

    const shows: string[] = [];
    for await (const show of theatre.shows(6)) shows.push(show.toISOString().slice(0, 10));
    return { booked, invalid, soldOut, shows };
  } finally {
    await client.close();
    await service.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await run(process.env.REDIS_URL ?? 'redis://localhost:6379'));
