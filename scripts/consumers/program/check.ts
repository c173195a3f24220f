// What each consumer of the package sees work: a call, an error, an event with retries, a dead letter, a stream, a
// contract, the processing hooks of Nest.
import { deepStrictEqual, ok, rejects } from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { contractClient, ContractValidationError } from 'nestjs-redis-streams/contracts';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { firstValueFrom, toArray } from 'rxjs';
import { noted, TheatreContract, TheatreModule } from './service.js';

/** Until something is there; ten seconds at most. */
async function eventually<T>(
  look: () => T | Promise<T>,
  isThere: (found: T) => boolean,
): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (isThere(found)) return found;
    ok(Date.now() < end, `not after ten seconds; now: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Rejects with what does not work. Returns what did. */
export async function check(url: string): Promise<string[]> {
  const redis = { url, prefix: `consumer-${process.pid}-${Date.now()}` };
  const strategy = new ServerRedisStreams({
    ...redis,
    group: 'theatre',
    retry: { attempts: 3, delay: 1 },
    drainTimeout: 0,
  });
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(TheatreModule, {
    strategy,
    logger: false,
  });
  const hooks = { started: 0, ended: 0 };
  strategy.setOnProcessingStartHook((_transport, _context, done) => {
    hooks.started++;
    void done();
  });
  strategy.setOnProcessingEndHook(() => {
    hooks.ended++;
  });
  await service.listen();
  const client = new ClientRedisStreams(redis);
  const deadLetters = new DeadLetters({ ...redis, group: 'theatre' });
  try {
    deepStrictEqual(await firstValueFrom(client.send<number>('maths.sum', [1, 2, 3])), 6);
    const count = client.send<number>('maths.count', 3).pipe(toArray());
    deepStrictEqual(await firstValueFrom(count), [1, 2, 3]);
    const internal = { status: 'error', message: 'Internal server error' };
    await rejects(firstValueFrom(client.send('maths.fail', 'no')), internal);

    const nothing = { defaultValue: undefined };
    await firstValueFrom(client.emit('maths.solved', { by: 'Ada' }), nothing);
    await eventually(
      () => noted,
      ({ length }) => length === 3,
    );
    deepStrictEqual(noted, ['Ada 0', 'Ada 1', 'Ada 2']);
    await firstValueFrom(client.emit('maths.lost', { by: 'Bob' }), nothing);
    const entries = await eventually(
      async () => {
        const found = [];
        for await (const letter of deadLetters.list()) found.push(letter);
        return found;
      },
      ({ length }) => length > 0,
    );
    // Nest's filters have replaced the error, and yet it is kept.
    ok(JSON.stringify(entries).includes('Bob is lost'), JSON.stringify(entries));

    const theatre = contractClient(TheatreContract, client);
    const booked = await theatre.book({ email: 'ada@example.org', seats: 2 });
    deepStrictEqual(booked, '2 for ada@example.org');
    await rejects(
      async () => theatre.book({ email: 'ada', seats: 2 }),
      (error: unknown) => error instanceof ContractValidationError,
    );
    const shows: Date[] = [];
    for await (const show of theatre.shows(3)) shows.push(show);
    deepStrictEqual(shows, [new Date('2026-03-01'), new Date('2026-03-02')]);

    // Two calls, one that fails, three and three attempts of events, a contract's call and its stream.
    await eventually(
      () => hooks,
      ({ ended }) => ended === 11,
    );
    deepStrictEqual(hooks, { started: 11, ended: 11 });
  } finally {
    await client.close();
    await deadLetters.close();
    await service.close();
  }
  return ['call', 'error', 'event', 'dead letter', 'stream', 'contract', 'hooks'];
}
