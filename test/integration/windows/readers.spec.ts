import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { sealed } from 'nestjs-redis-streams/sealed';
import { msgpack } from 'nestjs-redis-streams/msgpack';
import { firstValueFrom, from, lastValueFrom, take, toArray } from 'rxjs';
import { eventually, pause } from '../../../tools/wait.js';
import { orders, shop } from '../../sealed/keys.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { countNotices, iterate, loseNotices, Source, taken } from './source.js';

/** Where a client hands its entries to Redis. */
interface Sending {
  readonly producer: {
    readonly shards: readonly {
      readonly parts: { readonly broker: { enqueue: (batch: unknown) => unknown } };
    }[];
  };
}

/** A service of streams, and its source. */
async function open(options: Parameters<TestService['serve']>[1] = {}) {
  const service = new TestService();
  const source = new Source();
  const numbers = (count: unknown) => source.numbers(count);
  await service.serve({ messages: { numbers } }, options);
  return { service, source };
}

describe('a stream that is read one value after the other', () => {
  test('is never further ahead of its reader than the window', async () => {
    const { service, source } = await open();
    const client = service.client({ window: { values: 10 } });
    const reader = iterate(client.stream<number>('numbers', 1e9));
    expect(await taken(reader, 1)).toEqual([0]);
    expect(await source.atRest()).toBeLessThanOrEqual(11);
    expect(await taken(reader, 99)).toEqual(range(100).slice(1));
    expect(await source.atRest()).toBeLessThanOrEqual(110);
    await reader.return?.();
    await source.over();
  });

  test('is 64 values ahead at most where nothing else is said', async () => {
    const { service, source } = await open();
    const reader = iterate(service.client().stream<number>('numbers', 1e9));
    await taken(reader, 1);
    expect(await source.atRest()).toBeLessThanOrEqual(65);
    await taken(reader, 40);
    expect(await source.atRest()).toBeLessThanOrEqual(105);
    await reader.return?.();
  });

  test('is so many characters ahead at most, and one value', async () => {
    const service = new TestService();
    let given = 0;
    const texts = async function* () {
      for (;;) {
        given++;
        yield 'x'.repeat(1000);
      }
    };
    await service.serve({ messages: { texts } });
    const reader = iterate(service.client({ window: { characters: 20_000 } }).stream('texts', 1));
    await taken(reader, 1);
    await eventually(() => expect(given).toBeGreaterThan(15));
    await pause(200);
    expect(given).toBeLessThanOrEqual(22);
    await taken(reader, 100);
    expect(given).toBeLessThanOrEqual(125);
    await reader.return?.();
  });

  test.each([1, 7, 8, 9, 64])('of %i values ends as any other', async (count) => {
    const { service, source } = await open();
    const reply = service.client({ window: { values: 8 } }).stream<number>('numbers', count);
    const values: number[] = [];
    for await (const value of reply) values.push(value);
    expect(values).toEqual(range(count));
    expect(source.ended).toBe(1);
  });

  test('fails after the values that came before, as any other', async () => {
    const service = new TestService();
    const fails = async function* () {
      yield* range(20);
      throw { message: 'no more' };
    };
    await service.serve({ messages: { fails } });
    const values: unknown[] = [];
    const read = async () => {
      for await (const value of service.client({ window: { values: 4 } }).stream('fails', 1)) {
        values.push(value);
      }
    };
    await expect(read()).rejects.toEqual({ message: 'no more' });
    expect(values).toEqual(range(20));
  });

  test('goes on where notices are lost or come twice', async () => {
    const { service } = await open();
    const client = service.client({ window: { values: 8 } });
    await client.connect();
    loseNotices(client, (number) => number % 3 !== 2);
    const values: number[] = [];
    for await (const value of client.stream<number>('numbers', 30)) values.push(value);
    expect(values).toEqual(range(30));
  });

  test('several streams of a caller share its messages', async () => {
    const { service } = await open();
    const client = service.client({ window: { values: 4 } });
    await client.connect();
    const seen = countNotices(client);
    const readers = range(20).map(() => iterate(client.stream<number>('numbers', 1e9)));
    await Promise.all(readers.map((reader) => taken(reader, 4)));
    await eventually(() => {
      const most = seen.texts.map((text) => (JSON.parse(text) as { runs: unknown[] }).runs.length);
      expect(Math.max(...most)).toBe(20);
    });
    for (const reader of readers) await reader.return?.();
  });

  test('ends when its reader leaves while it waits', async () => {
    const { service, source } = await open();
    for await (const value of service.client().stream<number>('numbers', 1e9)) {
      await source.atRest();
      if (value === 3) break;
    }
    await source.over();
    await eventually(async () => expect(await service.length('numbers')).toBe(0));
  });

  test('is read to its end while its service drains', async () => {
    const service = new TestService();
    const source = new Source();
    const messages = { numbers: (count: unknown) => source.numbers(count) };
    const server = await service.serve({ messages }, { drainTimeout: 10_000 });
    const reader = iterate(service.client({ window: { values: 5 } }).stream<number>('numbers', 50));
    await taken(reader, 1);
    const closed = server.close();
    expect(await taken(reader, 49)).toEqual(range(50).slice(1));
    expect(await reader.next()).toMatchObject({ done: true });
    await closed;
  });

  test('as an Observable is taken as it is handed over', async () => {
    const { service, source } = await open();
    const reply = service.client({ window: { values: 4 } }).stream<number>('numbers', 1000);
    expect(await lastValueFrom(reply.pipe(toArray()))).toEqual(range(1000));
    expect(await firstValueFrom(reply.pipe(take(3), toArray()))).toEqual([0, 1, 2]);
    await source.over(2);
  });

  test.each([
    ['sealed', sealed(orders), sealed(shop)],
    ['in MessagePack', msgpack(), msgpack()],
  ])('may be %s', async (_, serving, calling) => {
    const { service, source } = await open(serving);
    const client = service.client({ ...calling, window: { values: 6 } });
    const reader = iterate(client.stream<number>('numbers', 1e9));
    expect(await taken(reader, 1)).toEqual([0]);
    expect(await source.atRest()).toBeLessThanOrEqual(7);
    expect(await taken(reader, 40)).toEqual(range(41).slice(1));
    await reader.return?.();
  });

  test('an iterable that an interceptor has wrapped is asked for its values too', async () => {
    const service = new TestService();
    const source = new Source();
    await service.serve({ messages: { wrapped: () => from([source.numbers(1e9)]) } });
    const reader = iterate(service.client({ window: { values: 5 } }).stream<number>('wrapped', 1));
    expect(await taken(reader, 1)).toEqual([0]);
    expect(await source.atRest()).toBeLessThanOrEqual(7);
    expect(await taken(reader, 30)).toEqual(range(31).slice(1));
    await reader.return?.();
    await source.over();
  });
});

describe('a stream that is taken over', () => {
  /** Streams, and on its first delivery stops after ten values. */
  async function* slowly(_: unknown, context: { getDeliveryCount(): number; signal: AbortSignal }) {
    for (const n of range(40)) {
      yield n;
      if (n === 9 && context.getDeliveryCount() === 1)
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    }
  }

  test('waits for its reader in the new run too', async () => {
    const service = new TestService();
    const handlers = { messages: { slowly: [slowly, { restartable: true }] as never } };
    await service.serve(handlers, { leaseTtl: 1000 });
    const client = service.client({ window: { values: 4 } });
    const reader = iterate(client.stream<number>('slowly', 1));
    expect(await taken(reader, 8)).toEqual(range(8));
    const [consumer] = await service.consumers('slowly');
    await service.serve(handlers, { leaseTtl: 1000 });
    await service.redis.set(service.keys.lease(consumer!), '+');
    expect(await taken(reader, 42)).toEqual([8, 9, ...range(40)]);
    expect(await reader.next()).toMatchObject({ done: true });
  });
});

describe('who knows nothing of windows', () => {
  test('a service sends as before, and its caller reads all of it', async () => {
    const { service, source } = await open();
    const client = service.client({ window: { values: 4 } });
    await client.connect();
    // The service does not know the flag.
    for (const { parts } of (client as unknown as Sending).producer.shards) {
      const enqueue = parts.broker.enqueue.bind(parts.broker);
      parts.broker.enqueue = (batch) =>
        enqueue(JSON.parse(JSON.stringify(batch).replaceAll(' window=4,1048576', ' wide=4')));
    }
    const reader = iterate(client.stream<number>('numbers', 200));
    expect(await taken(reader, 1)).toEqual([0]);
    await eventually(() => expect(source.given).toBe(200));
    expect(await taken(reader, 199)).toEqual(range(200).slice(1));
    expect(await reader.next()).toMatchObject({ done: true });
  });

  test('a caller gets all values at once', async () => {
    const { service, source } = await open();
    const values = await service.client().values('numbers', 500);
    expect(values).toEqual(range(500));
    expect(source.given).toBe(500);
  });
});

describe('a window', () => {
  test('can be given for one call, and be switched off for one', async () => {
    const { service, source } = await open();
    const client = service.client({ window: { values: 4 } });
    const record = (window: boolean | { values: number }) =>
      new RedisStreamsRecord(300, { window });
    const narrow = iterate(client.stream<number>('numbers', record({ values: 2 })));
    await taken(narrow, 1);
    expect(await source.atRest()).toBeLessThanOrEqual(3);
    await narrow.return?.();
    const none = iterate(client.stream<number>('numbers', record(false)));
    await taken(none, 1);
    await eventually(() => expect(source.given).toBeGreaterThanOrEqual(300));
    await none.return?.();
  });

  test.each([
    [{ window: 64 }, 'window'],
    [{ window: 'wide' }, 'window'],
    [{ window: { values: 0 } }, 'window.values'],
    [{ window: { values: 1.5 } }, 'window.values'],
    [{ window: { characters: -1 } }, 'window.characters'],
    [{ window: { size: 3 } }, 'window.size'],
    [{ window: true, atMostOnce: true }, 'atMostOnce'],
  ])('%j is refused', async (options, name) => {
    const { service } = await open();
    const failure = await service.client().failure('numbers', 1, options as never);
    expect(failure).toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run' });
    expect((failure as Error).message).toContain(`"${name}"`);
  });

  test('is refused for events', async () => {
    const { service } = await open();
    const told = service.client().tell('numbers', 1, { window: true });
    await expect(told).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('of the client is left out for calls that are started once only', async () => {
    const { service, source } = await open();
    const client = service.client({ window: { values: 2 } });
    const record = new RedisStreamsRecord(50, { atMostOnce: true });
    const reader = iterate(client.stream<number>('numbers', record));
    await taken(reader, 1);
    await eventually(() => expect(source.given).toBe(50));
    expect(await taken(reader, 49)).toEqual(range(50).slice(1));
  });
});
