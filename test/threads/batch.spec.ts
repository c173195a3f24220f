import { threadId } from 'node:worker_threads';
import type { RedisStreamsBatchContext } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';
import { burn, facts, squares, withThreads } from './support.js';

// P7 with X27: one computation for several messages.

const batch = { size: 20, ms: 60_000 };

test('a batch computes in a thread, N in and N out; no more are read than fill the batches of its threads', async () => {
  const service = new TestService();
  const sizes: number[] = [];
  const handler = (numbers: number[], context: RedisStreamsBatchContext): Promise<unknown> => {
    sizes.push(numbers.length);
    return squares(numbers, context);
  };
  const extras = { threads: 1, batch };
  await service.serve({ messages: { squares: [handler as never, extras] } }, withThreads());
  const client = await service.connected();
  const ends = await client.sendMany('squares', [...range(39), -1]);
  expect(ends.slice(0, 39)).toEqual(range(39).map((n) => ({ status: 'fulfilled', value: n * n })));
  // An error in the list is that of one message.
  expect(ends[39]).toEqual({
    status: 'rejected',
    reason: { status: 'error', message: 'Internal server error' },
  });
  expect(sizes).toEqual([20, 20]);
});

test('a function of a batch sees what is true of all of it, and no message’s id or headers', async () => {
  const service = new TestService();
  const handler = async (items: unknown[], context: RedisStreamsBatchContext) => {
    const told = await facts(items, context);
    return items.map(() => told);
  };
  const extras = { threads: 1, batch: { size: 2, ms: 60_000 } };
  await service.serve({ messages: { facts: [handler as never, extras] } }, withThreads());
  const client = await service.connected({ headers: { tenant: 'a' } });
  const [short, long] = await Promise.all([
    client.call<Record<string, unknown>>('facts', 1, { timeout: 20_000 }),
    client.call<Record<string, unknown>>('facts', 2, { timeout: 25_000 }),
  ]);
  expect(short).toEqual(long);
  expect(short).toMatchObject({ pattern: 'facts', messageId: '', metadata: {}, deliveryCount: 1 });
  expect(short).not.toHaveProperty('callId');
  expect((short['data'] as number[]).toSorted()).toEqual([1, 2]);
  expect(short['left']).toBeGreaterThan(20_000);
  expect(short['threadId']).not.toBe(threadId);
});

test('it is stopped when nobody waits for any of it, and goes on while somebody does', async () => {
  const service = new TestService();
  const ended: unknown[] = [];
  const handler = (items: number[], context: RedisStreamsBatchContext) =>
    burn(60_000, context).then(
      () => items,
      (error: { code: string }) => {
        ended.push(error.code);
        return items;
      },
    );
  const extras = { threads: 1, batch: { size: 2, ms: 60_000 } };
  const options = withThreads({ grace: 10 });
  const server = await service.serve({ messages: { burn: [handler as never, extras] } }, options);
  let started = 0;
  let aborted = 0;
  server.on('entry.started', () => started++);
  server.on('entry.aborted', () => aborted++);
  const client = await service.connected();
  const call = (n: number) => client.send('burn', n).subscribe({ error: () => undefined });
  const [first, second] = [call(1), call(2)];
  await eventually(() => expect(started).toBe(2), 20_000);
  first.unsubscribe();
  await eventually(() => expect(aborted).toBe(1), 20_000);
  expect(ended).toEqual([]);
  second.unsubscribe();
  await eventually(() => expect(ended).toEqual(['CANCELLED']), 20_000);
});
