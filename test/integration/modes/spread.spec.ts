import { RpcException } from '@nestjs/microservices';
import { shardOf } from 'nestjs-redis-streams/protocol';
import { Keys } from '../../../libs/redis-stream-transport/src/protocol/keys.js';
import {
  spreadStreams,
  usedStreams,
} from '../../../libs/redis-stream-transport/src/protocol/spread.js';
import { readBacklog } from 'nestjs-redis-streams/operate';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import type { GivenHandler } from '../../support/handlers.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { turns } from '../../support/turns.js';

const SHARDS = 6;
const options = { shards: SHARDS };
const streams = spreadStreams('work', SHARDS);
const keysOf = (service: TestService, stream: string) =>
  new Keys(service.prefix, shardOf(stream, SHARDS), SHARDS);

/** How many entries each stream of the pattern has ever had. */
async function added(service: TestService): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const stream of streams) {
    const key = keysOf(service, stream).stream(stream);
    const info = await service.acrossShards.xinfo('STREAM', key).catch(() => []);
    const fields = info as unknown[];
    counts[stream] = Number(fields[fields.indexOf('entries-added') + 1] ?? 0);
  }
  return counts;
}

/** The streams that calls are added to, when each has had a turn. */
async function used(service: TestService, client: Caller): Promise<string[]> {
  const before = await added(service);
  await turns(SHARDS, async () => {
    await Promise.all(range(5).map((n) => client.call('work', n)));
  });
  const after = await added(service);
  return streams.filter((stream) => after[stream]! > before[stream]!);
}

/** A client that has heard that the pattern is spread over so many streams. */
async function spreading(service: TestService, spread: number): Promise<Caller> {
  const client = await service.connected(options);
  await eventually(async () => expect(await used(service, client)).toHaveLength(spread));
  return client;
}

const served = (
  handler: GivenHandler,
  spread?: number,
): { messages: Record<string, GivenHandler> } => ({
  messages: {
    work: spread === undefined ? handler : [handler as () => unknown, { spread }],
  },
});

describe('a pattern that is spread', () => {
  it('has its calls in streams of as many shards, and each is answered', async () => {
    const service = new TestService();
    await service.serve(
      served((n: number) => n + 1, 3),
      options,
    );
    const client = await spreading(service, 3);
    expect((await used(service, client)).toSorted()).toEqual(
      [...usedStreams('work', streams, 3)].toSorted(),
    );
    const answers = await Promise.all(range(200).map((n) => client.call('work', n)));
    expect(answers).toEqual(range(200).map((n) => n + 1));
  });

  it('runs calls with the same key once, also where one caller has not heard of it', async () => {
    const service = new TestService();
    const runs = new Tally();
    await service.serve(
      served((n: number) => runs.add(n), SHARDS),
      options,
    );
    const client = await spreading(service, SHARDS);
    for (let n = 1000; n < 1050; n++) {
      await client.call('work', n, { idempotencyKey: `key ${n}` });
    }
    const fresh = await service.connected(options);
    const again = range(50).map((i) =>
      fresh.call('work', 1000 + i, { idempotencyKey: `key ${1000 + i}` }),
    );
    expect(await Promise.all(again)).toEqual(range(50).map((i) => 1000 + i));
    expect(runs.repeated.filter((n) => Number(n) >= 1000)).toEqual([]);
  });

  it('has its events in its own stream, for all groups', async () => {
    const service = new TestService();
    const told: number[] = [];
    await service.serve(
      {
        ...served(() => 1, SHARDS),
        events: { work: (n: number) => void told.push(n) },
      },
      options,
    );
    const client = await spreading(service, SHARDS);
    const before = await added(service);
    for (const n of range(100)) await client.tell('work', n);
    await eventually(() => expect(told).toHaveLength(100));
    const after = await added(service);
    expect(streams.filter((stream) => after[stream] !== before[stream])).toEqual(['work']);
  });

  it('streams, fails, starts once and is cancelled like any other', async () => {
    const service = new TestService();
    const seen = { started: 0, stopped: 0 };
    const handler: GivenHandler = async (data: string, context) => {
      if (data === 'stream')
        return (async function* () {
          yield 1;
          yield 2;
        })();
      if (data === 'fail') throw new RpcException('as it should');
      if (data === 'wait') {
        seen.started++;
        await new Promise((ended) => context.signal.addEventListener('abort', ended));
        seen.stopped++;
      }
      return data;
    };
    await service.serve(served(handler, SHARDS), options);
    const client = await spreading(service, SHARDS);
    await turns(SHARDS, async () => {
      expect(await client.values('work', 'stream')).toEqual([1, 2]);
      expect(await client.failure('work', 'fail')).toMatchObject({ message: 'as it should' });
      expect(await client.call('work', 'once', { atMostOnce: true })).toBe('once');
      const stopper = new AbortController();
      const before = seen.started;
      const given = client.failure('work', 'wait', { signal: stopper.signal });
      await eventually(() => expect(seen.started).toBe(before + 1));
      stopper.abort();
      expect(await given).toMatchObject({ code: 'CANCELLED' });
    });
    await eventually(() => expect(seen.stopped).toBe(seen.started));
  });
});

describe('a deployment that changes the spread', () => {
  /** Calls without a pause until it is stopped; returns what failed. */
  function load(client: Caller) {
    const state = { going: true };
    let next = 10_000;
    const failures: unknown[] = [];
    const caller = async (): Promise<void> => {
      while (state.going) {
        const n = next++;
        await client.call('work', n).catch((error: unknown) => failures.push(error));
      }
    };
    const callers = range(20).map(caller);
    return async () => {
      state.going = false;
      await Promise.all(callers);
      return { failures, calls: next - 10_000 };
    };
  }

  it('loses nothing, repeats nothing and refuses nothing, in either direction', async () => {
    const service = new TestService();
    const runs = new Tally();
    const handler = (n: number) => runs.add(n);
    const start = (spread?: number) => service.serve(served(handler, spread), options);
    let running = await start();
    const client = await service.connected(options);
    const stop = load(client);
    /** The streams that the next few hundred calls are added to. */
    const usedNow = async (): Promise<string[]> => {
      const before = await added(service);
      const { total } = runs;
      await eventually(() => expect(runs.total).toBeGreaterThan(total + 300));
      const after = await added(service);
      return streams.filter((stream) => after[stream]! > before[stream]!);
    };
    for (const [spread, streamsInUse] of [
      [2, 2],
      [6, 6],
      [3, 3],
      [1, 1],
      [undefined, 1],
      [6, 6],
      [undefined, 1],
    ] as const) {
      const next = await start(spread);
      // The calls of a second after the first without it has come are served by those that are still there.
      if (spread === undefined) {
        await eventually(async () => expect(await usedNow()).toEqual(['work']));
      }
      await running.close();
      running = next;
      await eventually(async () => expect(await usedNow()).toHaveLength(streamsInUse));
    }
    const { failures, calls } = await stop();
    expect(failures).toEqual([]);
    expect(runs.repeated).toEqual([]);
    expect(runs.counts.size).toBe(calls);
  }, 60_000);

  it('that ends all instances with it first leaves calls that are named, and served when one is back', async () => {
    const service = new TestService();
    const server = await service.serve(
      served((n: number) => n, SHARDS),
      options,
    );
    const client = await spreading(service, SHARDS);
    await server.close();
    const before = await added(service);
    const calls: Promise<unknown>[] = [];
    await turns(SHARDS, async () => {
      const terms = { whenNoConsumer: 'wait', timeout: 30_000 } as const;
      calls.push(client.call('work', calls.length, terms));
      await client.tell('other', 1);
    });
    // This one reads the pattern's own stream alone.
    await service.serve(
      served((n: number) => n),
      options,
    );
    await eventually(async () => {
      // Before long the client heard that nobody reads the others, so it may not have used all.
      const after = await added(service);
      const elsewhere = streams.filter((name) => name !== 'work' && after[name]! > before[name]!);
      const { streams: found } = await readBacklog({ ...service.address, ...options });
      const left = found.filter(({ groups }) => groups.some(({ unread }) => unread > 0));
      expect(left.map(({ stream }) => stream).toSorted()).toEqual(elsewhere.toSorted());
    });
    await service.serve(
      served((n: number) => n, 1),
      options,
    );
    expect(await Promise.all(calls)).toEqual([...calls.keys()]);
  });

  it('begins only when the last instance without it is gone', async () => {
    const service = new TestService();
    const old = await service.serve(
      served(() => 1),
      options,
    );
    await service.serve(
      served(() => 1, SHARDS),
      options,
    );
    const client = await service.connected(options);
    for (const _ of range(5)) expect(await used(service, client)).toEqual(['work']);
    await old.close();
    await eventually(async () => expect(await used(service, client)).toHaveLength(SHARDS));
  });
});

describe('a shard in which nobody serves the pattern any more', () => {
  it.each(['fail', 'wait', 2000] as const)(
    'L26: has its calls answered by way of their own stream, with whenNoConsumer %j',
    async (whenNoConsumer) => {
      const service = new TestService();
      await service.serve(
        served((n: number) => n, SHARDS),
        { ...options, leaseTtl: 60_000 },
      );
      const client = await service.connected({ ...options, whenNoConsumer });
      await eventually(async () => expect(await used(service, client)).toHaveLength(SHARDS));
      for (const stream of streams) {
        if (stream !== 'work') await service.acrossShards.del(keysOf(service, stream).live('work'));
      }
      // What was so a moment ago counts for two seconds.
      await eventually(async () => expect(await used(service, client)).toEqual(['work']));
      await expect(client.call('work', 7)).resolves.toBe(7);
    },
  );
});

describe('spread is refused', () => {
  const server = (handlers: Parameters<TestService['server']>[0], more = {}) =>
    new TestService().server(handlers, { ...options, ...more });
  const failure = (listens: ReturnType<typeof server>) =>
    new Promise((resolve) => void listens.listen(resolve));

  it.each([
    ['for events', { events: { work: [() => 1, { spread: 2 }] } }, {}, 'message handlers'],
    ['with a lane', { messages: { work: [() => 1, { spread: 2, lane: 'a' }] } }, {}, '"lane"'],
    ['in a lane', served(() => 1, 2), { lanes: { a: ['work'] } }, 'in a lane'],
    ['as nothing', served(() => 1, 0), {}, 'from 1 to 256'],
    [
      'for a long pattern',
      { messages: { ['w'.repeat(1020)]: [() => 1, { spread: 2 }] } },
      {},
      '1016',
    ],
  ] as const)('%s', async (_, handlers, more, word) => {
    const error = await failure(server(handlers, more));
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(String(error)).toContain('spread');
    expect(String(error)).toContain(word);
  });
});
