import type { ServerRedisStreams } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { listening, TestService } from '../../support/test-service.js';

const PARKED = 30;

/** A service with a slow pattern of one slot, whose handlers end when the test says so, and a fast one. */
function served(service: TestService) {
  const gate = new Gate();
  const done = new Tally();
  const slow: { by?: ServerRedisStreams } = {};
  const start = async (): Promise<ServerRedisStreams> => {
    const job = async ({ key }: { key: number }) => {
      slow.by = server;
      await gate.opened;
      done.add(key);
    };
    const server = service.server(
      { messages: { ping: () => 'pong' }, events: { job: [job, { concurrency: 1 }] } },
      { drainTimeout: 20 },
    );
    await listening(server);
    return server;
  };
  return { gate, done, slow, start };
}

/** Puts events into the hands of an instance, as if a read had brought them: one runs, the others wait. */
async function park(service: TestService, client: Caller): Promise<void> {
  for (const key of range(PARKED)) await client.tell('job', { key });
  const [consumer] = (await service.consumers('job')) as [string];
  const key = service.keys.stream('job');
  await service.redis.xreadgroup('GROUP', 'service', consumer, 'STREAMS', key, '>');
  expect(await service.pending('job')).toBe(PARKED);
}

/** How often the entries of a stream were handed out, at most. */
async function mostDeliveries(service: TestService, stream: string): Promise<number> {
  const key = service.keys.stream(stream);
  const pending = await service.redis.xpending(key, 'service', '-', '+', 1000);
  return Math.max(...(pending as [string, string, number, number][]).map(([, , , n]) => n));
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await call();
  return performance.now() - from;
}

describe('instances that end and start again', () => {
  it('entries that wait for their pattern are no poison after some restarts, and keep no other entry waiting', async () => {
    const service = new TestService();
    const { gate, done, slow, start } = served(service);
    const client = await service.connected();
    let server = await start();
    await park(service, client);
    for (const _ of range(4)) {
      await server.close();
      server = await start();
      // One of them was handed over and runs; the others wait for its slot, under those who left.
      await eventually(() => expect(slow.by).toBe(server));
      const pings = await Promise.all(range(5).map(() => timed(() => client.call('ping'))));
      expect(Math.max(...pings)).toBeLessThan(1000);
    }
    gate.open();
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect([...done.counts.keys()].sort((a, b) => Number(a) - Number(b))).toEqual(range(PARKED));
    expect(await service.deadLetters()).toEqual([]);
    // Notes go with their entries.
    expect(await service.redis.exists(service.keys.due('job'))).toBe(0);
  });

  it('what runs whenever an instance leaves is no poison, however often that is', async () => {
    const service = new TestService();
    const { gate, done, start } = served(service);
    const client = await service.connected();
    let server = await start();
    await client.tell('job', { key: 0 });
    await eventually(async () => expect(await service.pending('job')).toBe(1));
    for (let restart = 2; restart <= 5; restart++) {
      await server.close();
      server = await start();
      // Handed over, and counted by Redis.
      await eventually(async () => expect(await mostDeliveries(service, 'job')).toBe(restart));
      expect(await timed(() => client.call('ping'))).toBeLessThan(1000);
    }
    gate.open();
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect([...done.counts.keys()]).toEqual([0]);
    expect(await service.deadLetters()).toEqual([]);
  });

  it('a rolling restart of three, ten times, under load: no call waits for it, nothing is given up', async () => {
    const service = new TestService();
    const { gate, slow, start } = served(service);
    const client = await service.connected();
    const restart = async () => {
      // The one in whose hands they are.
      await eventually(() => expect(slow.by).toBeDefined());
      const leaving = slow.by!;
      slow.by = undefined;
      await leaving.close();
      await start();
    };
    await start();
    await park(service, client);
    // What runs has come to its last delivery, if these are counted.
    for (const _ of range(2)) await restart();
    await start();
    await start();
    const load = { on: true };
    const longest = (async () => {
      let most = 0;
      while (load.on) {
        const calls = range(5).map(() => timed(() => client.call('ping')));
        most = Math.max(most, ...(await Promise.all(calls)));
      }
      return most;
    })();
    // A restart that fails is what went wrong then; calls that fail with it are not looked at.
    longest.catch(() => {});
    try {
      for (const _ of range(10)) await restart();
    } finally {
      load.on = false;
    }
    expect(await longest).toBeLessThan(1000);
    gate.open();
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  }, 60_000);
});

describe('entries that instances died over', () => {
  /** Entries that were handed out twice, the second time to somebody who is alive until it is buried. */
  async function handedOutTwice(
    service: TestService,
    count: number,
  ): Promise<() => Promise<unknown>> {
    const { redis, keys } = service;
    const key = keys.stream('job');
    await redis.set(keys.lease('dead'), 'token', 'PX', 60_000);
    await redis.xgroup('CREATE', key, 'service', '0', 'MKSTREAM');
    const ids = await Promise.all(
      range(count).map((i) => redis.xadd(key, '*', 'c', '1 json - - 0', 'd', String(i))),
    );
    await redis.xreadgroup('GROUP', 'service', 'dead', 'STREAMS', key, '>');
    await redis.xclaim(key, 'service', 'dead', 0, ...(ids as string[]));
    return async () => {
      await redis.set(keys.lease('dead'), '+', 'PX', 60_000);
      await redis.spublish(keys.nudge('service'), 'left');
    };
  }

  it('are run one by one on their last delivery, and others go on in between', async () => {
    const service = new TestService();
    const bury = await handedOutTwice(service, 10);
    const seen = { running: 0, most: 0, done: 0 };
    const job = async () => {
      seen.most = Math.max(seen.most, ++seen.running);
      // Until a call waits for its turn, however long that takes to come.
      await eventually(async () => expect(await service.length('ping')).toBe(1));
      seen.running--;
      seen.done++;
    };
    await service.serve({ messages: { ping: () => 'pong' }, events: { job } });
    const client = await service.connected();
    await bury();
    let between = 0;
    for (let before = 0; seen.done < 10; before = seen.done) {
      await client.call('ping');
      if (seen.done > before) between++;
    }
    expect(seen.most).toBe(1);
    // They have had their turn in between, and not only after the last one.
    expect(between).toBeGreaterThan(5);
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  });

  it('do not wait for a stream that never ends, and when they are slow, others do not wait for them', async () => {
    const service = new TestService();
    const bury = await handedOutTwice(service, 1);
    const gate = new Gate();
    const started = new Gate();
    const job = () => {
      started.open();
      return gate.opened;
    };
    const endless = async function* () {
      yield 1;
      await gate.opened;
    };
    await service.serve({ messages: { ping: () => 'pong', endless }, events: { job } });
    const client = await service.connected();
    const values: unknown[] = [];
    const stream = client.send('endless', {}).subscribe((value) => values.push(value));
    await eventually(() => expect(values).toEqual([1]));
    await bury();
    await started.opened;
    expect(await timed(() => client.call('ping'))).toBeLessThan(5000);
    gate.open();
    stream.unsubscribe();
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect(await service.deadLetters()).toEqual([]);
  });
});
