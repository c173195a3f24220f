import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import { eventually, pause } from '../../tools/wait.js';
import type { Caller } from '../support/caller.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { burn, count, square, wait, withThreads } from './support.js';

const shared = (): SharedArrayBuffer => new SharedArrayBuffer(4);
const read = (counter: SharedArrayBuffer): number => Atomics.load(new Int32Array(counter), 0);

/** Nothing counts any more, and something did. */
const stands = (counter: SharedArrayBuffer): Promise<void> =>
  eventually(async () => {
    const before = read(counter);
    expect(before).toBeGreaterThan(0);
    await pause(50);
    expect(read(counter)).toBe(before);
  });

/** On a busy machine the first thread may take longer to start than a computation may take. */
const warm = (client: Caller): Promise<unknown> =>
  eventually(() => client.call('square', 2), 20_000);

/** The caller may have said that it waits no longer before the service has noticed the deadline. */
const LEFT = { code: expect.stringMatching(/^(TIMEOUT|CANCELLED)$/) as string };

const squares = [square, { threads: true }] as const;

it('P8: what computes beyond its deadline and the grace is ended with its thread; its caller gets TIMEOUT', async () => {
  const counter = shared();
  const service = new TestService();
  const ended: unknown[] = [];
  const handler = (_: never, context: RedisStreamsContext) =>
    count({ counter }, context).catch((error: unknown) => {
      ended.push(error);
      throw error;
    });
  const messages = { square: squares, count: [handler, { threads: 1 }] as const };
  await service.serve({ messages }, withThreads({ grace: 100 }));
  const client = await service.connected();
  await warm(client);
  expect(await client.failure('count', {}, { timeout: 2000 })).toMatchObject({ code: 'TIMEOUT' });
  await eventually(() => expect(ended).toMatchObject([{ name: 'ThreadError', ...LEFT }]));
  await stands(counter);
  // The thread is replaced.
  expect(await client.call('square', 3)).toBe(9);
});

it('a loop that looks at its signal stops by itself, and its thread goes on', async () => {
  const counter = shared();
  const service = new TestService();
  const ended: unknown[] = [];
  const told = new Gate();
  const handler = (_: never, context: RedisStreamsContext) =>
    count({ counter, looks: true }, context).catch(async (error: unknown) => {
      ended.push(error);
      // Both have the same deadline: without this the error may reach the caller before its own end.
      await told.opened;
      throw error;
    });
  const messages = {
    count: [handler, { threads: 1 }] as const,
    burn: [burn, { threads: 1 }] as const,
  };
  await service.serve({ messages }, withThreads({ size: 1, grace: 60_000 }));
  const client = await service.connected();
  const thread = await client.call('burn', 1);
  expect(await client.failure('count', {}, { timeout: 2000 })).toMatchObject({ code: 'TIMEOUT' });
  await eventually(() =>
    expect(ended).toMatchObject([
      { name: expect.stringMatching(/^(Timeout|Abort)Error$/) as string },
    ]),
  );
  told.open();
  expect(await client.call('burn', 1)).toBe(thread);
});

it('a function that waits gets its signal as an event, when its caller leaves', async () => {
  const service = new TestService();
  const told: string[] = [];
  const begun = vi.fn();
  const handler = async (data: never, context: RedisStreamsContext): Promise<void> => {
    begun();
    told.push(await wait(data, context));
  };
  const messages = { square: squares, wait: [handler, { threads: true }] as const };
  await service.serve({ messages }, withThreads({ grace: 60_000 }));
  const client = await service.connected();
  await warm(client);
  const abort = new AbortController();
  const call = client.failure('wait', {}, { signal: abort.signal });
  await eventually(() => expect(begun).toHaveBeenCalled());
  abort.abort();
  expect(await call).toMatchObject({ code: 'CANCELLED' });
  await eventually(() => expect(told).toEqual(['nobody waits for the call any more']));
});

it('what waits for a thread does not run when its caller has left', async () => {
  const counter = shared();
  const service = new TestService();
  const ended: unknown[] = [];
  const run = (_: never, context: RedisStreamsContext) => count({ counter, ms: 5 }, context);
  const late = (_: never, context: RedisStreamsContext) =>
    run(_, context).catch((error: unknown) => {
      ended.push(error);
      throw error;
    });
  const messages = {
    burn: [burn, { threads: 1 }] as const,
    late: [late, { threads: 1 }] as const,
  };
  await service.serve({ messages }, withThreads({ size: 1 }));
  const client = await service.connected();
  await client.call('burn', 1);
  const busy = client.call('burn', 5000, { timeout: 25_000 });
  expect(await client.failure('late', {}, { timeout: 2000 })).toMatchObject({ code: 'TIMEOUT' });
  await eventually(() => expect(ended).toMatchObject([LEFT]));
  await busy;
  expect(await client.call('burn', 1)).toBeDefined();
  expect(read(counter)).toBe(0);
});

it('"threads.timeout" ends what has no deadline, and the event is tried again as its policy says', async () => {
  const counter = shared();
  const service = new TestService();
  const attempts: number[] = [];
  const handler = async (_: never, context: RedisStreamsContext): Promise<void> => {
    attempts.push(context.getFailedAttempts());
    await count({ counter }, context);
  };
  const extras = { threads: 1, retry: { attempts: 2, delay: 0 } };
  await service.serve(
    { messages: { square: [square, { threads: 1 }] }, events: { endless: [handler, extras] } },
    // The start of a thread counts too.
    withThreads({ size: 1, timeout: 5000, grace: 0 }),
  );
  const client = await service.connected();
  await warm(client);
  await client.tell('endless');
  await eventually(() => expect(attempts).toEqual([0, 1]), 20_000);
  await stands(counter);
}, 60_000);

it('a server that closes lets computations finish within drainTimeout, and answers them', async () => {
  const service = new TestService();
  const server = await service.serve(
    { messages: { square: squares, burn: [burn, { threads: true }] } },
    { ...withThreads(), drainTimeout: 20_000 },
  );
  const client = await service.connected();
  await warm(client);
  const call = client.call('burn', 500);
  await eventually(() => expect(server.health()).toMatchObject({ running: 1 }));
  await server.close();
  expect(await call).toEqual(expect.any(Number));
});

it('a server that closes ends the threads of what has not finished', async () => {
  const counter = shared();
  const service = new TestService();
  const handler = (_: never, context: RedisStreamsContext) => count({ counter }, context);
  const server = await service.serve(
    { messages: { count: [handler, { threads: 1 }] } },
    { ...withThreads(), drainTimeout: 0 },
  );
  const client = await service.connected();
  const call = lastValueFrom(client.send('count', {})).catch((error: unknown) => error);
  await eventually(() => expect(read(counter)).toBeGreaterThan(0), 20_000);
  await server.close();
  await stands(counter);
  await client.close();
  await call;
});

it('a thread that has nothing to do ends after "threads.idleTimeout"', async () => {
  const service = new TestService();
  await service.serve(
    { messages: { burn: [burn, { threads: 1 }] } },
    withThreads({ idleTimeout: 0 }),
  );
  const client = await service.connected();
  const first = await client.call('burn', 1);
  await eventually(async () => expect(await client.call('burn', 1)).not.toBe(first), 20_000, 200);
});
