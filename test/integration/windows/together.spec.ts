import {
  type HookedCall,
  RedisStreamsRecord,
  type RedisStreamsContext,
  RetryLater,
} from 'nestjs-redis-streams';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { square, withThreads } from '../../threads/support.js';
import { iterate, Source, taken } from './source.js';

const window = { values: 4 };

/** Reads 31 numbers, and stands still after the first and the last. How far the source was ahead then is told too. */
async function readSlowly(reader: AsyncIterator<number>, source: Source) {
  const first = await taken(reader, 1);
  const ahead = await source.atRest();
  const values = [...first, ...(await taken(reader, 30))];
  const farthest = Math.max(ahead - 1, (await source.atRest()) - values.length);
  await reader.return?.();
  await source.over();
  return { values, isTooFar: farthest > window.values + 1 };
}

const SLOWLY = { values: range(31), isTooFar: false };

test('a client with hooks waits for its reader, and its hooks see what was read', async () => {
  const service = new TestService();
  const source = new Source();
  await service.serve({ messages: { numbers: (count: unknown) => source.numbers(count) } });
  const seen: HookedCall[] = [];
  const hooks = {
    before: async () => Promise.resolve(),
    after: (call: HookedCall) => void seen.push(call),
  };
  const client = service.client({ window, hooks });
  const values: number[] = [];
  for await (const value of client.stream<number>('numbers', 20)) values.push(value);
  expect(values).toEqual(range(20));
  expect(seen).toMatchObject([{ values: 20 }]);
  source.given = source.ended = 0;
  const reader = iterate(client.stream<number>('numbers', 1e9));
  expect(await readSlowly(reader, source)).toEqual(SLOWLY);
});

test('what a handler computes in threads is computed as its reader takes it', async () => {
  const service = new TestService();
  const source = new Source();
  const squares = async function* (_: unknown, context: RedisStreamsContext) {
    for await (const n of source.numbers(1e9)) yield await square(n, context);
  };
  await service.serve({ messages: { squares: [squares, { threads: 1 }] } }, withThreads());
  const reader = iterate(service.client({ window }).stream<number>('squares', 1));
  expect(await readSlowly(reader, source)).toEqual({
    ...SLOWLY,
    values: range(31).map((n) => n * n),
  });
}, 60_000);

test('a batch answers calls with a window, by values and by streams that wait', async () => {
  const service = new TestService();
  const source = new Source();
  const answers = (calls: readonly number[]) =>
    calls.map((count) => (count < 10 ? count : source.numbers(count)));
  await service.serve({
    messages: { answers: [answers as never, { batch: { size: 2, ms: 20 } }] },
  });
  const client = service.client({ window });
  const short = iterate(client.stream<number>('answers', 7));
  const reader = iterate(client.stream<number>('answers', 1e9));
  expect(await taken(short, 1)).toEqual([7]);
  expect(await short.next()).toMatchObject({ done: true });
  expect(await readSlowly(reader, source)).toEqual(SLOWLY);
});

test('a stream that is tried again has a window of its own', async () => {
  const service = new TestService();
  const source = new Source();
  const later = async function* (_: unknown, context: RedisStreamsContext) {
    if (context.getFailedAttempts() < 2) throw new RetryLater(10);
    yield* source.numbers(1e9);
  };
  await service.serve({ messages: { later: later as never } });
  const reader = iterate(service.client({ window }).stream<number>('later', 1));
  expect(await readSlowly(reader, source)).toEqual(SLOWLY);
});

test('a recorded reply comes at once, and whole', async () => {
  const service = new TestService();
  const source = new Source();
  await service.serve({ messages: { numbers: (count: unknown) => source.numbers(count) } });
  const client = service.client({ window });
  const read = async () => {
    const record = new RedisStreamsRecord(50, { idempotencyKey: 'the same' });
    const values: number[] = [];
    for await (const value of client.stream<number>('numbers', record)) values.push(value);
    return values;
  };
  expect(await read()).toEqual(range(50));
  expect(await read()).toEqual(range(50));
  expect(source.ended).toBe(1);
});

test('streams that wait keep their places, and others run in those that are left', async () => {
  const service = new TestService();
  const source = new Source();
  let begun = 0;
  const numbers = (count: unknown) => {
    begun++;
    return source.numbers(count);
  };
  const echo = (x: unknown) => x;
  await service.serve({ messages: { numbers: [numbers, { concurrency: 2 }], echo } });
  const client = service.client({ window });
  const open = () => iterate(client.stream<number>('numbers', 1e9));
  const [first, second] = [open(), open()];
  await Promise.all([taken(first, 1), taken(second, 1)]);
  const third = open();
  const value = third.next();
  await source.atRest();
  expect(await client.call('echo', 1)).toBe(1);
  expect(begun).toBe(2);
  await first.return?.();
  expect(await value).toEqual({ done: false, value: 0 });
  await Promise.all([second.return?.(), third.return?.()]);
  await source.over(3);
});
