import { Controller, Module, type INestMicroservice, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientRedisStreams,
  RedisStreamsContext,
  RedisStreamsModule,
  RedisStreamsRecordBuilder,
  RetryLater,
  ServerRedisStreams,
  type RedisStreamsClientOptions,
  type RedisStreamsServerOptions,
} from 'nestjs-redis-streams';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { createTestBroker, type TestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom, interval, lastValueFrom, take, toArray } from 'rxjs';
import { onTestFinished } from 'vitest';

interface Service {
  readonly app: INestMicroservice;
  readonly server: ServerRedisStreams;
}

async function serve(
  broker: TestBroker,
  controller: Type,
  options: RedisStreamsServerOptions = {},
): Promise<Service> {
  const testing = await Test.createTestingModule({ controllers: [controller] }).compile();
  const own = { client: broker.redis(), group: 'service', drainTimeout: 0 };
  const server = new ServerRedisStreams({ ...own, ...options });
  const app = testing.createNestMicroservice({ strategy: server, logger: false });
  await app.listen();
  onTestFinished(() => app.close());
  return { app, server };
}

function caller(broker: TestBroker, options: RedisStreamsClientOptions = {}): ClientRedisStreams {
  const client = new ClientRedisStreams({ client: broker.redis(), ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Whether a promise has not settled. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true;
  const over = (): void => void (open = false);
  promise.then(over, over);
  await new Promise((resolve) => setImmediate(resolve));
  return open;
}

const emitted = (client: ClientRedisStreams, pattern: string, data: unknown): Promise<unknown> =>
  firstValueFrom(client.emit(pattern, data), { defaultValue: undefined });

@Controller()
class Sums {
  static runs: string[] = [];
  static open: (() => void)[] = [];

  @MessagePattern('sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((all, each) => all + each, 0);
  }

  @MessagePattern('count')
  count(@Payload() to: number) {
    return interval(0).pipe(take(to));
  }

  @MessagePattern('never')
  never(): Promise<void> {
    Sums.runs.push('never');
    return new Promise(() => {});
  }

  @MessagePattern('held')
  held(@Payload() who: string): Promise<string> {
    Sums.runs.push(who);
    return new Promise((resolve) => Sums.open.push(() => resolve(who)));
  }

  @MessagePattern('later')
  later(@Payload() delay: number, @Ctx() context: RedisStreamsContext): string {
    if (context.getFailedAttempts() === 0) throw new RetryLater(delay);
    return 'done';
  }

  @EventPattern('placed')
  placed(@Payload() order: { id: number }): void {
    Sums.runs.push(`placed ${order.id}`);
  }

  @EventPattern('broken')
  broken(@Payload() order: { id: number }): void {
    Sums.runs.push(`broken ${order.id}`);
    throw new Error(`order ${order.id}: no stock`);
  }
}

beforeEach(() => {
  Sums.runs = [];
  Sums.open = [];
});

describe('a broker in memory', () => {
  test('calls, streams of values and events pass through the real client and server', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker);

    expect(await firstValueFrom(client.send('sum', [1, 2, 3]))).toBe(6);
    expect(await lastValueFrom(client.send('count', 3).pipe(toArray()))).toEqual([0, 1, 2]);
    const many = Array.from({ length: 100 }, (_, i) => firstValueFrom(client.send('sum', [i, i])));
    expect(await Promise.all(many)).toEqual(many.map((_, i) => 2 * i));
    await emitted(client, 'placed', { id: 7 });
    await broker.drain();
    expect(Sums.runs).toEqual(['placed 7']);
  });

  test('works in a module, and two brokers know nothing of each other', async () => {
    const [broker, other] = [createTestBroker(), createTestBroker()];
    await serve(broker, Sums);

    @Module({ imports: [RedisStreamsModule.forRoot({ client: broker.redis() })] })
    class Shop {}

    const testing = await Test.createTestingModule({ imports: [Shop] }).compile();
    onTestFinished(() => testing.close());
    const client = testing.get(ClientRedisStreams, { strict: false });
    expect(await firstValueFrom(client.send('sum', [4]))).toBe(4);
    const alone = firstValueFrom(caller(other, { whenNoConsumer: 'fail' }).send('sum', [4]));
    await expect(alone).rejects.toMatchObject({ code: 'NO_CONSUMER' });
  });

  test('what a handler and a caller wait for needs no waiting', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker, { timeout: 300_000 });

    const late = firstValueFrom(client.send('later', 150_000));
    const never = firstValueFrom(client.send('never', '')).catch((error: unknown) => error);
    await broker.advance(149_000);
    expect(await isOpen(late)).toBe(true);
    await broker.advance(2_000);
    expect(await late).toBe('done');
    await broker.advance(148_000);
    expect(await isOpen(never)).toBe(true);
    await broker.advance(2_000);
    expect(await never).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
  });

  test('drain() goes through all retries; deadLetters() has what is left', async () => {
    const broker = createTestBroker({ now: Date.UTC(2031, 0, 1) });
    await serve(broker, Sums, { retry: { attempts: 4, delay: 60_000 } });
    await emitted(caller(broker), 'broken', { id: 7 });
    await broker.drain();

    expect(Sums.runs).toEqual(Array.from({ length: 4 }, () => 'broken 7'));
    expect(broker.now).toBeGreaterThan(Date.UTC(2031, 0, 1) + 3 * 45_000);
    expect(broker.deadLetters('service')).toMatchObject([
      {
        group: 'service',
        pattern: 'broken',
        reason: 'attempts',
        error: 'order 7: no stock',
        data: { id: 7 },
      },
    ]);
    expect(broker.deadLetters('other')).toEqual([]);
  });

  test('a service of many patterns hears which of them are called', async () => {
    const broker = createTestBroker();
    const server = new ServerRedisStreams({ client: broker.redis(), group: 'many' });
    const patterns = Array.from({ length: 50 }, (_, i) => `many.${i}`);
    for (const pattern of patterns) server.addHandler(pattern, () => Promise.resolve(pattern));
    await new Promise<void>((resolve, reject) => {
      void server.listen((error) => (error === undefined ? resolve() : reject(error)));
    });
    onTestFinished(() => server.close());
    const client = caller(broker);
    const replies = patterns.map((pattern) => firstValueFrom(client.send(pattern, '')));
    expect(await Promise.all(replies)).toEqual(patterns);
  });

  test('a call with an idempotency key runs once', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker);
    const record = new RedisStreamsRecordBuilder('a').setOptions({ idempotencyKey: 'key' }).build();
    const first = firstValueFrom(client.send('held', record));
    await broker.settle();
    Sums.open.shift()?.();
    expect(await first).toBe('a');
    expect(await firstValueFrom(client.send('held', record))).toBe('a');
    expect(Sums.runs).toEqual(['a']);
  });

  test('until() lets time pass for one promise', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker);
    const began = broker.now;
    expect(await broker.until(firstValueFrom(client.send('later', 5_000)))).toBe('done');
    expect(broker.now - began).toBeLessThan(8_000);
    const never = firstValueFrom(client.send('never', ''));
    await expect(broker.until(never, 1_000)).rejects.toThrow(/not settled within 1000 ms/);
    await expect(broker.until(never)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('drain() says what does not end', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums, { retry: { attempts: 3, delay: 50_000 } });
    await emitted(caller(broker), 'broken', { id: 7 });
    await expect(broker.drain(1_000)).rejects.toThrow(/not drained: .* of broken for service/);
  });

  test('the same seed gives the same times', async () => {
    const times = async (seed: number): Promise<number> => {
      const broker = createTestBroker({ seed });
      await serve(broker, Sums, { retry: { attempts: 3, delay: 10_000, jitter: 0.9 } });
      await emitted(caller(broker), 'broken', { id: 1 });
      await broker.drain();
      return broker.now;
    };
    expect(await times(5)).toBe(await times(5));
    expect(await times(5)).not.toBe(await times(6));
  });

  test('dead letters can be listed and replayed as everywhere', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums, { retry: { attempts: 1 } });
    await emitted(caller(broker), 'broken', { id: 3 });
    await broker.drain();
    const letters = new DeadLetters({ client: broker.redis(), group: 'service' });
    onTestFinished(() => letters.close());

    for await (const letter of letters.list()) await letters.replay(letter.id);
    await broker.drain();
    expect(Sums.runs).toEqual(['broken 3', 'broken 3']);
  });
});

describe('faults', () => {
  test('a refused enqueue is told to the caller, once', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker, { timeout: 1_000 });
    await client.connect();
    broker.failNext('enqueue', { error: 'NOPERM this user may not' });
    const failed = firstValueFrom(client.send('sum', [1])).catch((error: unknown) => error);
    await broker.advance(5_000);
    expect(await failed).toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    expect(await firstValueFrom(client.send('sum', [1]))).toBe(1);
  });

  test.each(['lost', 'unsent'] as const)(
    'a batch whose answer does not come (%s) is stored once',
    async (how) => {
      const broker = createTestBroker();
      await serve(broker, Sums);
      const client = caller(broker);
      await client.connect();
      broker.failNext('enqueue', { how });
      await emitted(client, 'placed', { id: 1 });
      await broker.drain();
      expect(Sums.runs).toEqual(['placed 1']);
    },
  );

  test('a settlement whose answer is lost settles once', async () => {
    const broker = createTestBroker();
    await serve(broker, Sums);
    const client = caller(broker);
    broker.failNext('settle', { how: 'lost' });
    expect(await firstValueFrom(client.send('sum', [1, 1]))).toBe(2);
    await emitted(client, 'placed', { id: 1 });
    await broker.drain();
    expect(Sums.runs).toEqual(['placed 1']);
  });

  test('another instance takes over from one that is killed', async () => {
    const broker = createTestBroker();
    const first = await serve(broker, Sums);
    const client = caller(broker);
    const reply = firstValueFrom(client.send('held', 'a'));
    await broker.settle();
    expect(Sums.runs).toEqual(['a']);
    await serve(broker, Sums);

    broker.kill(first.server);
    Sums.open.shift()?.();
    await broker.settle();
    expect(await isOpen(reply)).toBe(true);
    await broker.advance(10_000);
    expect(Sums.runs).toEqual(['a', 'a']);
    Sums.open.shift()?.();
    expect(await reply).toBe('a');
  });

  test('wrong use is refused with the option and what it takes', async () => {
    const refused = (option: string) =>
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(`"${option}"`) as string,
      });
    expect(() => createTestBroker({ time: 'none' as never })).toThrow(refused('time'));
    expect(() => createTestBroker({ now: -1 })).toThrow(refused('now'));
    expect(() => createTestBroker({ seed: 0.5 })).toThrow(refused('seed'));
    const broker = createTestBroker();
    expect(() => broker.failNext('nothing')).toThrow(refused('operation'));
    expect(() => broker.failNext('settle', { how: 'never' as never })).toThrow(refused('how'));
    await expect(broker.advance(-1)).rejects.toThrow(refused('ms'));
    await expect(broker.drain(Number.NaN)).rejects.toThrow(refused('within'));
    const idle = new ServerRedisStreams({ client: broker.redis() });
    expect(() => broker.kill(idle)).toThrow(refused('instance'));
    await expect(createTestBroker({ time: 'real' }).advance(1)).rejects.toThrow(refused('time'));
    const elsewhere = await serve(createTestBroker(), Sums);
    expect(() => broker.kill(elsewhere.server)).toThrow(refused('instance'));
  });
});
