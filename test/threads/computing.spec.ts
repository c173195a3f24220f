import { monitorEventLoopDelay } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';
import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { burn, facts, square, withThreads } from './support.js';

it('P7: a handler with threads computes in one, with typed data and what is known of the message', async () => {
  const service = new TestService();
  await service.serve({ messages: { facts: [facts, { threads: true }] } }, withThreads());
  const client = await service.connected({ headers: { tenant: 'a' } });
  const told = await client.call<Record<string, unknown>>('facts', { x: 1 }, { timeout: 20_000 });
  expect(told).toMatchObject({
    data: { x: 1 },
    pattern: 'facts',
    deliveryCount: 1,
    aborted: false,
  });
  expect(told['metadata']).toMatchObject({ tenant: 'a' });
  expect(told['callId']).toMatch(/\//);
  expect(told['left']).toBeGreaterThan(0);
  expect(told['left']).toBeLessThanOrEqual(20_000);
  expect(told['threadId']).not.toBe(threadId);
});

it('an event is handled in a thread too, and has no deadline there', async () => {
  const service = new TestService();
  const seen: unknown[] = [];
  const handler = async (data: never, context: RedisStreamsContext): Promise<void> => {
    seen.push(await facts(data, context));
  };
  await service.serve({ events: { noted: [handler, { threads: 1 }] } }, withThreads());
  await (await service.connected()).tell('noted', 'it');
  await eventually(() => expect(seen).toHaveLength(1), 20_000);
  expect(seen[0]).toMatchObject({ data: 'it', left: Infinity, callId: undefined });
});

// Without threads it stands still for a second at a time.
it('X19: the event loop goes on while eight computations of a second run', async () => {
  const service = new TestService();
  await service.serve({ messages: { burn: [burn, { threads: true }] } }, withThreads());
  const client = await service.connected();
  // The threads are there, and have read what they run.
  await Promise.all([client.call('burn', 50), client.call('burn', 50)]);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const calls = Array.from({ length: 8 }, () => client.call('burn', 1000, { timeout: 25_000 }));
  const threads = new Set(await Promise.all(calls));
  delay.disable();
  expect(threads.size).toBe(2);
  expect(threads).not.toContain(threadId);
  // Other tests share the processor: this is far above what docs/threads.md measures, and far below a second.
  expect(delay.percentile(99) / 1e6).toBeLessThan(500);
}, 60_000);

it('a handler may use as many threads as it says, and reads no more than these', async () => {
  const service = new TestService();
  const [seen, most] = [{ running: 0, most: 0 }, 1];
  const handler = async (data: never, context: RedisStreamsContext): Promise<number> => {
    seen.most = Math.max(seen.most, ++seen.running);
    const result = await square(data, context);
    seen.running--;
    return result;
  };
  await service.serve({ messages: { square: [handler, { threads: most }] } }, withThreads());
  const client = await service.connected();
  const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => client.call('square', n)));
  expect(results).toEqual([1, 4, 9, 16, 25, 36]);
  expect(seen.most).toBe(1);
});

it('with a concurrency of its own, a handler has more runs than threads, and its computations take turns', async () => {
  const service = new TestService();
  let running = 0;
  let most = 0;
  const handler = async (data: never, context: RedisStreamsContext): Promise<number> => {
    most = Math.max(most, ++running);
    const result = await burn(data, context);
    running--;
    return result;
  };
  const extras = { threads: 1, concurrency: 8 };
  await service.serve({ messages: { burn: [handler, extras] } }, withThreads());
  const client = await service.connected();
  const threads = await Promise.all([20, 20, 20, 20].map((ms) => client.call('burn', ms)));
  expect(most).toBe(4);
  expect(new Set(threads).size).toBe(1);
});

it('a handler may stream what several computations give', async () => {
  const service = new TestService();
  async function* squares(
    data: readonly number[],
    context: RedisStreamsContext,
  ): AsyncGenerator<number> {
    for (const n of data) yield await square(n, context);
  }
  await service.serve(
    { messages: { squares: [squares as never, { threads: true }] } },
    withThreads(),
  );
  const client = await service.connected();
  expect(await client.values('squares', [1, 2, 3])).toEqual([1, 4, 9]);
});
