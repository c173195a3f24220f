import type { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { iterate, Source, taken } from './source.js';

/** Runs that a server holds windows of. */
function windowsOf(server: ServerRedisStreams): number {
  const { members } = server as unknown as {
    members: {
      all: { consumer: { shards: { context: { windows: { size: number } } }[] } }[];
    };
  };
  return members.all
    .flatMap(({ consumer }) => consumer.shards)
    .reduce((sum, { context }) => sum + context.windows.size, 0);
}

interface CreditsHeld {
  readonly open: ReadonlySet<unknown>;
  readonly moved: readonly unknown[];
  readonly signs: { readonly cancelTimer: unknown };
}

/** What a client has to tell services how far its readers are. */
const creditsOf = (client: ClientRedisStreams): CreditsHeld =>
  (client as unknown as { producer: { credits: CreditsHeld } }).producer.credits;

/** A client holds nothing of its streams: neither calls, nor a timer. */
function expectNothingHeld(held: CreditsHeld): void {
  expect([held.open.size, held.moved.length, held.signs.cancelTimer]).toEqual([0, 0, undefined]);
}

async function open(options: Parameters<TestService['serve']>[1] = {}) {
  const service = new TestService();
  const source = new Source();
  const fails = async function* () {
    yield* range(3);
    throw { message: 'no more' };
  };
  const numbers = (count: unknown) => source.numbers(count);
  const server = await service.serve({ messages: { numbers, fails } }, options);
  const client = service.client({ window: { values: 4 } });
  return { service, source, server, client };
}

/** How a stream may end. Each leaves a client and a server that hold nothing of it. */
const ENDS: Readonly<Record<string, (client: Caller) => Promise<unknown>>> = {
  'to its last value': (client) => client.values('numbers', 20),
  'in one value': (client) => client.values('numbers', 1),
  'with none': (client) => client.values('numbers', 0),
  'with what its handler throws': (client) =>
    expect(client.values('fails')).rejects.toEqual({ message: 'no more' }),
  'because its reader leaves': async (client) => {
    const reader = iterate(client.stream<number>('numbers', 1e9));
    await taken(reader, 3);
    await reader.return?.();
  },
  'because its reader leaves before the first value': async (client) => {
    const reader = iterate(client.stream<number>('numbers', 1e9));
    void reader.next().catch(() => undefined);
    await reader.return?.();
  },
  'at its deadline, while it waits for its reader': async (client) => {
    // The deadline is meant for the call, not for connecting.
    await client.connect();
    const record = new RedisStreamsRecord(1e9, { timeout: 2000 });
    const reader = iterate(client.stream<number>('numbers', record));
    await taken(reader, 2);
    const rest = async () => {
      for (;;) if ((await reader.next()).done === true) return;
    };
    await eventually(() => expect(client).toHaveProperty('producer.calls.size', 0));
    await expect(rest()).rejects.toMatchObject({ code: 'TIMEOUT' });
  },
  'by a signal': async (client) => {
    const controller = new AbortController();
    const record = new RedisStreamsRecord(1e9, { signal: controller.signal });
    const reader = iterate(client.stream<number>('numbers', record));
    await taken(reader, 2);
    controller.abort();
    await eventually(() => expect(client).toHaveProperty('producer.calls.size', 0));
  },
};

test.each(Object.keys(ENDS))('a stream that ends %s leaves nothing', async (way) => {
  const { server, client } = await open();
  await ENDS[way]!(client);
  await eventually(() => {
    expect(windowsOf(server)).toBe(0);
    expectNothingHeld(creditsOf(client));
  }, 20_000);
});

test('a stream that waits for its reader does not hold up a server that closes at once', async () => {
  const { server, client, source } = await open({ drainTimeout: 0 });
  const reader = iterate(client.stream<number>('numbers', 1e9));
  await taken(reader, 1);
  await source.atRest();
  await server.close();
  await eventually(() => expect(source.ended).toBe(1));
});

test('a client that is closed while its streams wait says no more', async () => {
  const { client, source } = await open();
  const reader = iterate(client.stream<number>('numbers', 1e9));
  await taken(reader, 1);
  const credits = creditsOf(client);
  expect(credits.open.size).toBe(1);
  await client.close();
  await source.over();
  expectNothingHeld(credits);
});

test('a server that loses its identity gives up its windows', async () => {
  const { service, server, client, source } = await open({ leaseTtl: 1000 });
  const reader = iterate(client.stream<number>('numbers', 1e9));
  await taken(reader, 1);
  await source.atRest();
  expect(windowsOf(server)).toBe(1);
  const [consumer] = await service.consumers('numbers');
  await service.redis.set(service.keys.lease(consumer!), '+');
  await eventually(() => expect(windowsOf(server)).toBe(0), 20_000);
  await source.over();
  await expect(taken(reader, 1e6)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await eventually(() => expectNothingHeld(creditsOf(client)), 20_000);
});

test('whoever asks for everything gets as many characters as the window has', async () => {
  const service = new TestService();
  let given = 0;
  const texts = async function* () {
    for (;;) {
      given++;
      yield 'x'.repeat(1000);
    }
  };
  await service.serve({ messages: { texts } });
  const client = service.client({ window: { values: 4, characters: 50_000 } });
  const reader = iterate(client.stream('texts', 1));
  await taken(reader, 1);
  const [consumer] = await service.consumers('texts');
  const runs = range(10).map((run) => [run, Number.MAX_SAFE_INTEGER, 0]);
  const text = JSON.stringify({ credit: client.callerId, runs });
  await service.redis.spublish(service.keys.inbox(consumer!), text);
  await eventually(() => expect(given).toBeGreaterThan(40));
  await taken(reader, 3);
  expect(given).toBeLessThanOrEqual(60);
  await reader.return?.();
});

test('what others publish instead of notices gives a stream no value more', async () => {
  const { service, client, source } = await open();
  const reader = iterate(client.stream<number>('numbers', 1e9));
  await taken(reader, 1);
  const before = await source.atRest();
  const [consumer] = await service.consumers('numbers');
  const caller = client.callerId;
  const runs = (text: string) => `{"credit":"${caller}","runs":${text}}`;
  const numbers = ['-1', '1e300', '1.5', 'null', '"99"', '[99]', '9007199254740993', '{}'];
  const texts = [
    '{"credit":',
    '{"credit":7}',
    runs('7'),
    runs('[[]]'),
    // Runs that are not, up to the longest that is read.
    runs(JSON.stringify(range(500).map((n) => [n + 100, 99, 99]))),
    ...numbers.flatMap((n) => range(10).flatMap((run) => runs(`[[${run},${n},${n}]]`))),
    // Of another caller.
    ...range(10).map((run) => `{"credit":"AbCdEfGhIjKlMnOpQrStUv","runs":[[${run},99,99]]}`),
    // Runs of before, and totals of before.
    ...range(10).map((run) => runs(`[[${run},0,0]]`)),
  ];
  for (const text of texts) await service.redis.spublish(service.keys.inbox(consumer!), text);
  expect(await source.atRest()).toBe(before);
  expect(await taken(reader, 20)).toEqual(range(21).slice(1));
  await reader.return?.();
  await source.over();
});
