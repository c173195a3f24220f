import { BadRequestException, Controller, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import type { HandlerExtras } from 'nestjs-redis-streams';
import { createContext } from 'nestjs-redis-streams/testing';
import { onTestFinished } from 'vitest';
import type {
  RateLimitedLogger,
  ToldLine,
} from '../../libs/redis-stream-transport/src/engine/rate-limited-logger.js';
import { Batches } from '../../libs/redis-stream-transport/src/nest/batches.js';
import { NeverRan } from '../../libs/redis-stream-transport/src/nest/never-ran.js';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import { FakeClock } from '../support/fake-clock.js';
import { range } from '../support/tally.js';
import { listening } from '../support/test-service.js';

type Kind = 'final' | 'refused' | 'invalid' | 'unknown' | 'ok';

function resultOf(kind: Kind): unknown {
  if (kind === 'final') return new RpcException({ statusCode: 400, message: 'no such sensor' });
  if (kind === 'refused') return new RpcException({ code: 'E_REFUSED' });
  if (kind === 'invalid') return new BadRequestException('no number');
  if (kind === 'unknown') return new RangeError('out of reach', { cause: new Error('the cable') });
  return kind;
}
const runs: Kind[] = [];
const asked: unknown[] = [];
const retry = { attempts: 3, delay: 1, jitter: 0 };
const unless = (error: unknown): boolean => {
  asked.push(error);
  return error instanceof RangeError;
};

@Controller()
class ResultsController {
  @MessagePattern('ask', { batch: { size: 10, ms: 30 }, retry: { ...retry, unless } })
  ask(@Payload() kinds: Kind[]): unknown[] {
    runs.push(...kinds);
    return kinds.map(resultOf);
  }

  @EventPattern<string>('tell', { batch: { size: 10, ms: 30 }, retry })
  tell(@Payload() kinds: Kind[]): unknown[] {
    runs.push(...kinds);
    return kinds.map(resultOf);
  }

  @MessagePattern('plain', { batch: { size: 10, ms: 30 } })
  plain(@Payload() kinds: Kind[]): unknown[] {
    runs.push(...kinds);
    return kinds.map(resultOf);
  }

  @MessagePattern('misfit', { batch: { size: 10, ms: 30 } })
  misfit(): number[] {
    return range(11);
  }
}

beforeEach(() => {
  runs.length = 0;
  asked.length = 0;
});
afterEach(() => vi.restoreAllMocks());

describe.each(EITHER_BROKER)('a batch handler is treated as a plain one, over %s', (_, make) => {
  const open = async () => {
    const service = make();
    await service.serveModule({ controllers: [ResultsController] }, { exposeStack: true });
    return { service, client: await service.connected() };
  };

  test('what it has in its list is judged by itself: final errors, `retry.unless`, and stacks for callers', async () => {
    const { client } = await open();
    const ends = await client.sendMany('ask', ['final', 'refused', 'invalid', 'unknown']);
    expect(ends).toMatchObject([
      { reason: { statusCode: 400, stack: expect.stringContaining('batch-as-plain.spec.ts') } },
      { reason: { code: 'E_REFUSED', stack: expect.stringContaining('batch-as-plain.spec.ts') } },
      { reason: { status: 'error', stack: expect.stringContaining('no number') } },
      { reason: { status: 'error', stack: expect.stringMatching(/out of reach[^]*the cable/) } },
    ]);
    const tries = (kind: Kind) => runs.filter((run) => run === kind).length;
    expect([tries('final'), tries('invalid'), tries('unknown')]).toEqual([1, 1, 1]);
    expect(tries('refused')).toBe(3);
    for (const error of asked) expect(error).toBeInstanceOf(Error);
    expect(asked.some((error) => error instanceof RpcException)).toBe(true);
  });

  test('a dead letter keeps what was in its list, with the stack', async () => {
    const { service, client } = await open();
    await client.tell('tell', 'refused');
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      {
        reason: 'attempts',
        attempts: '3',
        'error-name': 'RpcException',
        'error-stack': expect.stringContaining('batch-as-plain.spec.ts'),
      },
    ]);
  });

  test('unknown errors, and a list that does not fit, are in the log; others are not', async () => {
    const said: string[] = [];
    const { client } = await open();
    vi.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown, facts: unknown) => {
      const told = JSON.stringify(facts);
      if (told.includes('BATCH_FAILED')) said.push(`${told} ${String(line)}`);
    });
    await client.sendMany('plain', ['final', 'refused', 'invalid', 'ok']);
    expect(said).toEqual([]);
    await client.call('plain', 'unknown').catch(() => undefined);
    await client.call('misfit').catch(() => undefined);
    expect(said).toEqual([
      expect.stringMatching(
        /^\{"code":"BATCH_FAILED","pattern":"plain"\} plain: 1 of the 1 messages of a batch failed: RangeError: out of reach[^]*batch-as-plain[^]*the cable/,
      ),
      expect.stringMatching(
        /"pattern":"misfit"\} misfit: 1 of the 1 [^]*the batch handler returned a list of 11, and not a list of 1 results/,
      ),
    ]);
  });

  test('while it waits for a call, all of its messages lend their places', async () => {
    const service = make();
    const inside = service.client({ timeout: 10_000 });
    const outer = async (numbers: number[]) => {
      const sums = inside.sendMany<number>('inner', numbers);
      return (await sums).map((end) => (end.status === 'fulfilled' ? end.value : end.reason));
    };
    const batch = { size: 4, ms: 50 };
    const inner = async (numbers: number[]) => {
      const again = numbers.map((n) =>
        n > 0 ? inside.call<number>('inner', n - 1) : Promise.resolve(0),
      );
      return (await Promise.all(again)).map((n) => n + 1);
    };
    await service.serve(
      { messages: { outer: [outer, { batch }], inner: [inner, { batch }] } },
      { concurrency: 4 },
    );
    const client = await service.connected();
    const numbers = [1, 2, 1, 2];
    const ends = await Promise.all(
      numbers.map((n) => client.call('outer', n, { timeout: 20_000 })),
    );
    expect(ends).toEqual(numbers.map((n) => n + 1));
  });

  test.each<[string, HandlerExtras, number]>([
    ['concurrency', { concurrency: 3 }, 3],
    ['threads', { threads: 2 }, 2],
  ])(
    'it waits for no more than another handler of its pattern permits: %s',
    async (_of, other, size) => {
      const service = make();
      const sizes: number[] = [];
      const gather = (items: unknown[]) => void sizes.push(items.length);
      const server = service.strategy({ threads: { size: 2 } });
      server.addHandler('told', gather as never, true, { batch: { size: 100, ms: 60_000 } });
      server.addHandler('told', (() => undefined) as never, true, { ...other });
      onTestFinished(() => server.close());
      await listening(server);
      const client = await service.connected();
      await client.emitMany('told', range(size));
      await eventually(() => expect(sizes).toEqual([size]));
    },
  );

  test('a batch that no message waits for any more leaves no timer: when the last has gone, and after `close`', async () => {
    const service = make();
    const clock = new FakeClock();
    const quiet = { error: () => undefined };
    const batches = new Batches(
      async (items) => items as unknown,
      { size: 100, ms: 60_000 },
      clock,
      quiet,
    );
    const server = await service.serve({ messages: { slow: batches.run } }, { drainTimeout: 0 });
    const client = await service.connected();
    const call = () => client.send('slow', 1).subscribe({ error: () => undefined });
    const [first, second] = [call(), call()];
    await eventually(() => expect(clock.timers).toBe(1));
    first.unsubscribe();
    second.unsubscribe();
    await eventually(() => expect(clock.timers).toBe(0));
    call();
    await eventually(() => expect(clock.timers).toBe(1));
    await server.close();
    expect(clock.timers).toBe(0);
  });
});

describe('the line about a batch', () => {
  const fails = (kinds: unknown): Promise<unknown[]> =>
    Promise.resolve((kinds as Kind[]).map(resultOf));

  test.each<[string, (items: unknown) => Promise<unknown>, number, RegExp]>([
    ['errors in its list', fails, 3, /3 of the 4 messages of a batch failed: RangeError/],
    ['a list of another length', async () => [], 4, /4 of the 4 [^]*returned a list of 0, and/],
    ['no list', async () => 'done', 4, /4 of the 4 [^]*returned string, and/],
  ])('is one for %s', async (_, handler, failed, line) => {
    const error = vi.fn<RateLimitedLogger['error']>();
    const batches = new Batches(handler, { size: 4, ms: 60_000 }, new FakeClock(), { error });
    const kinds: Kind[] = ['unknown', 'ok', 'unknown', 'unknown'];
    const ends = await Promise.allSettled(
      kinds.map((kind) => batches.run(kind, createContext({ pattern: 'store' }))),
    );
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(failed);
    expect(error.mock.calls).toEqual([['BATCH_FAILED store', expect.any(Function)]]);
    const make = error.mock.calls[0]?.[1] as () => ToldLine;
    expect(make()).toEqual({ text: expect.stringMatching(line), facts: { pattern: 'store' } });
  });
});

test('a message that nobody waits for when it comes joins no batch', async () => {
  const clock = new FakeClock();
  const handler = vi.fn(async () => []);
  const quiet = { error: () => undefined };
  const batches = new Batches(handler, { size: 1, ms: 1000 }, clock, quiet);
  const context = createContext();
  context.abort();
  await expect(batches.run(1, context)).rejects.toBeInstanceOf(NeverRan);
  expect([clock.timers, handler.mock.calls]).toEqual([0, []]);
});
