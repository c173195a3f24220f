import { Controller, type PipeTransform, UsePipes } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  type HandlerExtras,
  RedisStreamsBatchContext,
  RetryLater,
  ServerRedisStreams,
} from 'nestjs-redis-streams';
import { createContext } from 'nestjs-redis-streams/testing';
import {
  Command,
  Contract,
  Implements,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';

interface Item {
  readonly n: number;
  readonly fails?: 'rpc' | 'error' | 'later' | 'all';
}

class Even implements PipeTransform {
  transform(value: unknown): unknown {
    const isItem = (item: unknown): boolean => typeof (item as Item | null)?.n === 'number';
    if (!Array.isArray(value) || value.every(isItem)) return value;
    throw new RpcException({ code: 'E_ITEM', message: 'an item has no number' });
  }
}

const retry = { attempts: 2, delay: 10, jitter: 0 };

@Controller()
class BatchController {
  readonly batches: number[][] = [];
  readonly attempts: number[] = [];

  @MessagePattern('double', { batch: { size: 5, ms: 50 } })
  @UsePipes(Even)
  double(@Payload() items: Item[], @Ctx() context: RedisStreamsBatchContext): unknown[] {
    this.batches.push(items.map(({ n }) => n));
    return items.map(({ n, fails }, i) => {
      const own = context.contexts[i];
      own?.setReplyHeaders({ place: String(i) });
      if (fails === 'all') throw new RpcException({ code: 'E_ALL' });
      if (fails === 'rpc') return new RpcException({ code: 'E_RPC', n });
      if (fails === 'error') return new Error('secret');
      if (fails === 'later' && own?.getFailedAttempts() === 0) return new RetryLater(10);
      return 2 * n;
    });
  }

  @MessagePattern('misfit', { batch: { size: 2, ms: 20 } })
  misfit(): number[] {
    return [1, 2, 3];
  }

  @EventPattern<string>('told', { batch: { size: 5, ms: 50 }, retry })
  told(@Payload() items: Item[], @Ctx() context: RedisStreamsBatchContext): unknown {
    this.batches.push(items.map(({ n }) => n));
    this.attempts.push(...context.contexts.map((each) => each.getFailedAttempts()));
    if (items.every(({ fails }) => fails === undefined)) return undefined;
    return items.map(({ n, fails }) => (fails === undefined ? n : new Error(`no room for ${n}`)));
  }
}

describe.each(EITHER_BROKER)('X27 batch handlers over %s', (_name, make) => {
  const open = async () => {
    const service = make();
    const app = await service.serveModule({ controllers: [BatchController] });
    const { batches, attempts } = app.get(BatchController);
    return { service, client: await service.connected(), batches, attempts };
  };

  test('run once for many messages: N in, N out, each caller gets its own', async () => {
    const { client, batches } = await open();
    const numbers = Array.from({ length: 23 }, (_, n) => n);
    expect(await Promise.all(numbers.map((n) => client.call('double', { n })))).toEqual(
      numbers.map((n) => 2 * n),
    );
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual(numbers);
    for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(5);
    expect(batches.length).toBeLessThan(23);
  });

  test('a message that stays alone waits no longer than `ms`', async () => {
    const { client, batches } = await open();
    expect(await client.call('double', { n: 4 })).toBe(8);
    expect(batches).toEqual([[4]]);
  });

  test('an error in the list is that message’s alone; RetryLater has it alone run again', async () => {
    const { client, batches } = await open();
    const given: Item[] = [
      { n: 1 },
      { n: 2, fails: 'rpc' },
      { n: 3, fails: 'error' },
      { n: 4, fails: 'later' },
    ];
    const ends = await client.sendMany('double', given);
    expect(ends).toEqual([
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: { code: 'E_RPC', n: 2 } },
      { status: 'rejected', reason: { status: 'error', message: 'Internal server error' } },
      { status: 'fulfilled', value: 8 },
    ]);
    expect(batches.flat().toSorted()).toEqual([1, 2, 3, 4, 4]);
  });

  test('what it throws, and what a pipe throws, is the error of all; a wrong number of results too', async () => {
    const { client, batches } = await open();
    const all: Item[] = [{ n: 1 }, { n: 2, fails: 'all' }];
    const thrown = await client.sendMany('double', all);
    // They may have come in two batches.
    expect(thrown[1]).toEqual({ status: 'rejected', reason: { code: 'E_ALL' } });
    if (batches.length === 1) expect(thrown[0]).toEqual(thrown[1]);
    expect(await client.failure('double', { n: 'x' })).toEqual({
      code: 'E_ITEM',
      message: 'an item has no number',
    });
    expect(await client.failure('misfit')).toEqual({
      status: 'error',
      message: 'Internal server error',
    });
  });

  test('events are acknowledged and retried one by one; a dead letter has its own error', async () => {
    const { service, client, batches, attempts } = await open();
    await client.emitMany('told', [{ n: 1 }, { n: 2, fails: 'error' }, { n: 3 }] satisfies Item[]);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      { reason: 'attempts', error: 'no room for 2', d: '{"n":2,"fails":"error"}' },
    ]);
    expect(batches.flat().toSorted()).toEqual([1, 2, 2, 3]);
    expect(attempts.toSorted()).toEqual([0, 0, 0, 1]);
  });

  test('a batch does not wait for more than may run at once', async () => {
    const service = make();
    const sizes: number[] = [];
    const handler = (items: unknown[]) => {
      sizes.push(items.length);
      return items;
    };
    const extras: HandlerExtras = { concurrency: 3, batch: { size: 100, ms: 60_000 } };
    await service.serve({ messages: { echo: [handler, extras] } });
    const client = await service.connected();
    const ends = await Promise.all([1, 2, 3].map((n) => client.call('echo', n)));
    expect(ends).toEqual([1, 2, 3]);
    expect(sizes).toEqual([3]);
  });

  test('who has stopped waiting is left out; each has its own signal and deadline', async () => {
    const service = make();
    let context: RedisStreamsBatchContext | undefined;
    let waiting = 0;
    const seen: unknown[][] = [];
    const handler = (items: unknown[], own: unknown) => {
      seen.push(items);
      context = own as RedisStreamsBatchContext;
      return new Promise<unknown[]>((resolve) => {
        context?.signal.addEventListener('abort', () => resolve(items));
      });
    };
    const extras: HandlerExtras = { batch: { size: 2, ms: 60_000 } };
    const server = await service.serve(
      { messages: { slow: [handler, extras] } },
      { drainTimeout: 0 },
    );
    let aborted = 0;
    server.on('entry.started', () => waiting++);
    server.on('entry.aborted', () => aborted++);
    const client = await service.connected();
    const call = (n: number) => client.send('slow', n).subscribe({ error: () => undefined });
    const first = call(1);
    await eventually(() => expect(waiting).toBe(1));
    first.unsubscribe();
    await eventually(() => expect(aborted).toBe(1));
    const [second, third] = [call(2), call(3)];
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]!.toSorted()).toEqual([2, 3]);
    const { contexts, signal } = context!;
    for (const each of contexts) expect(each.remainingTime()).toBeGreaterThan(0);
    second.unsubscribe();
    await eventually(() =>
      expect(contexts.map((each) => each.signal.aborted).toSorted()).toEqual([false, true]),
    );
    expect(signal.aborted).toBe(false);
    third.unsubscribe();
    await eventually(() => expect(signal.aborted).toBe(true));
  });

  test('a message that leaves before the handler runs is no failed attempt, whatever the retry policy', async () => {
    const service = make();
    const extras: HandlerExtras = { batch: { size: 2, ms: 60_000 }, retry };
    const seen: unknown[][] = [];
    const handler = (items: unknown[]) => {
      seen.push(items);
      return items;
    };
    const server = await service.serve(
      { messages: { slow: [handler, extras] } },
      { drainTimeout: 0 },
    );
    const ends: string[] = [];
    let waiting = 0;
    server.on('entry.started', () => waiting++);
    server.on('entry.ended', ({ result }) => ends.push(result));
    const client = await service.connected();
    expect(await client.failure('slow', 1, { timeout: 1500 })).toMatchObject({ code: 'TIMEOUT' });
    // The caller's clock may end the call before the member's: a second message would then fill the batch.
    await eventually(() => expect(ends).toEqual(['refused']));
    const abort = new AbortController();
    const second = client.failure('slow', 2, { signal: abort.signal });
    // Redis would take back what no instance has read.
    await eventually(() => expect(waiting).toBe(2));
    abort.abort();
    expect(await second).toMatchObject({ code: 'CANCELLED' });
    await eventually(() => expect(ends).toEqual(['refused', 'refused']));
    expect(seen).toEqual([]);
    expect(await service.deadLetters()).toEqual([]);
  });

  test('closing lets a batch that gathers run, and its callers get their results', async () => {
    const service = make();
    const extras: HandlerExtras = { batch: { size: 100, ms: 300 } };
    const server = await service.serve({
      messages: { echo: [(items: unknown[]) => items, extras] },
    });
    let started = 0;
    server.on('entry.started', () => started++);
    const client = await service.connected();
    const result = client.call('echo', 7);
    await eventually(() => expect(started).toBe(1));
    await server.close();
    expect(await result).toBe(7);
  });

  test('a call inside it has its own deadline, not that of one of the callers', async () => {
    const service = make();
    const inner = service.client({ timeout: 20_000 });
    const handler = async (items: unknown[]) => {
      const left = await inner.call<number>('left');
      return items.map(() => left);
    };
    const left = (_data: unknown, context: { remainingTime(): number }) => context.remainingTime();
    await service.serve({ messages: { outer: [handler, { batch: { ms: 1 } }], left } });
    const client = await service.connected();
    expect(await client.call('outer', {}, { timeout: 10_000 })).toBeGreaterThan(10_000);
  });
});

describe('a batch that cannot be', () => {
  test.each([
    ['batch', 5],
    ['batch.size', { size: 0 }],
    ['batch.size', { size: 1001 }],
    ['batch.ms', { ms: -1 }],
    ['batch.ms', { ms: 60_001 }],
    ['batch.wait', { wait: 5 }],
  ])('%s of %j is refused at the start', async (option, batch) => {
    const server = new ServerRedisStreams();
    server.addHandler('echo', async () => [], false, { batch });
    const error = await new Promise((resolve) => void server.listen(resolve));
    expect(error).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`"${option}"`),
    });
  });

  test('of a contract’s method', () => {
    @Contract({ name: 'sums', version: '1.0.0' })
    abstract class Sums {
      @Command() add(a: number): Command<number> {
        return remote(a);
      }
    }
    const serve = () => {
      @Implements(Sums, { extras: { add: { batch: { size: 2 } } } })
      class SumsController {
        add(a: number): number {
          return a;
        }
      }
      return SumsController;
    };
    expect(serve).toThrow(expect.objectContaining({ code: 'INVALID_CONTRACT' }));
  });

  test('a context of one has a message at least, and shows no data', () => {
    expect(() => new RedisStreamsBatchContext([])).toThrow(/a message at least/);
    const context = new RedisStreamsBatchContext([createContext({ metadata: { secret: 'x' } })]);
    expect(context.getPattern()).toBe('test');
    expect(JSON.stringify(context)).not.toContain('secret');
  });
});
