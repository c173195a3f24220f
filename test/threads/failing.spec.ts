import { Controller, HttpException, Injectable, Scope } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { RedisStreamsContext, RedisStreamsError } from 'nestjs-redis-streams';
import { createContext } from 'nestjs-redis-streams/testing';
import { inThread, ThreadError } from 'nestjs-redis-streams/threads';
import { loadPool } from '../../libs/redis-stream-transport/src/threads/piscina.js';
import { eventually } from '../../tools/wait.js';
import { listening, TestService } from '../support/test-service.js';
import type * as functions from './functions.js';
import { burn, crash, MODULE, square, withThreads } from './support.js';

const all = { threads: true } as const;

describe('a thread that ends', () => {
  it.each(['exit', 'uncaught', 'memory'] as const)(
    'costs the call that it ran, and nothing else: %s',
    async (how) => {
      const service = new TestService();
      await service.serve(
        { messages: { crash: [crash, all], burn: [burn, all] } },
        withThreads({ memory: 64 * 1024 * 1024 }),
      );
      const client = await service.connected();
      await client.call('burn', 1);
      const other = client.call('burn', 300);
      const error = await client.failure('crash', how);
      expect(RedisStreamsError.isRedisStreamsError(error)).toBe(true);
      expect(error).toMatchObject({
        ...{ name: 'RedisStreamsError', code: 'THREAD_LOST' },
        ...{ outcome: 'may-have-run', retryable: true, pattern: 'crash' },
      });
      expect(await other).toEqual(expect.any(Number));
      expect(await client.call('crash', 'none')).toBe('done');
    },
    60_000,
  );

  it('has its call tried again where the policy says so, with the same reply in the end', async () => {
    const service = new TestService();
    const attempts: number[] = [];
    const handler = (_: never, context: RedisStreamsContext): Promise<unknown> => {
      attempts.push(context.getFailedAttempts());
      return crash(attempts.length === 1 ? 'exit' : 'none', context);
    };
    const extras = { threads: 1, retry: { attempts: 3, delay: 0 } };
    await service.serve({ messages: { crash: [handler, extras] } }, withThreads());
    const client = await service.connected();
    expect(await client.call('crash', {}, { timeout: 25_000 })).toBe('done');
    expect(attempts).toEqual([0, 1]);
  });

  it('is an error of the transport also where errors are sent with their stacks', async () => {
    const service = new TestService();
    const extras = { threads: 1, retry: { attempts: 2, delay: 0 } };
    const messages = { crash: [crash, all] as const, again: [crash, extras] as const };
    await service.serve({ messages }, { ...withThreads(), exposeStack: true });
    const client = await service.connected();
    for (const pattern of ['crash', 'again']) {
      const error = await client.failure(pattern, 'exit', { timeout: 25_000 });
      expect(RedisStreamsError.isRedisStreamsError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'THREAD_LOST', outcome: 'may-have-run', pattern });
    }
  }, 60_000);

  it('before it has begun loses what waits for it, and is told with the reason', async () => {
    const service = new TestService();
    const execArgv = ['--import', 'data:text/javascript,throw new Error("no loader")'];
    await service.serve({ messages: { square: [square, all] } }, withThreads({ execArgv }));
    const client = await service.connected();
    const lost = { code: 'THREAD_LOST', message: expect.stringContaining('no loader') as string };
    expect(await client.failure('square', 2)).toMatchObject(lost);
    expect(await client.failure('square', 2)).toMatchObject(lost);
  });

  it('is not told with the reason of an earlier one', async () => {
    const name = 'TEST_THREAD_THROWS';
    onTestFinished(() => void delete process.env[name]);
    const loader = `if (process.env.${name}) throw new Error("no loader"); process.exit(3)`;
    const execArgv = ['--import', `data:text/javascript,${loader}`];
    const service = new TestService();
    await service.serve({ messages: { square: [square, all] } }, withThreads({ execArgv }));
    const client = await service.connected();
    process.env[name] = 'yes';
    const told = async () => ((await client.failure('square', 2)) as Error).message;
    expect(await told()).toContain('no loader');
    delete process.env[name];
    expect(await told()).not.toContain('no loader');
  });

  it('cannot begin with options that node refuses', async () => {
    const service = new TestService();
    const options = withThreads({ execArgv: ['--no-such-option'] });
    await service.serve({ messages: { square: [square, all] } }, options);
    const client = await service.connected();
    expect(await client.failure('square', 2)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('"threads.execArgv"') as string,
    });
  });
});

describe('what a function throws', () => {
  type Fail = (what: string) => void;
  const fails = inThread<Fail>(MODULE, 'fail');

  /** What the handler sees. */
  async function seen(what: string, run = fails): Promise<unknown> {
    const service = new TestService();
    const caught: unknown[] = [];
    const handler = (data: never, context: RedisStreamsContext): Promise<unknown> =>
      run(data, context).catch((error: unknown) => caught.push(error));
    await service.serve({ messages: { fail: [handler, all] } }, withThreads());
    await (await service.connected()).call('fail', what);
    return caught[0];
  }

  it('is the error with its name, stack and what can be copied of it', async () => {
    const error = await seen('uncopied');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' });
    expect(error).not.toHaveProperty('helper');
    expect((error as Error).stack).toContain('functions.js');
  });

  it('is of its class, if the class is named', async () => {
    class Refused extends Error {
      override readonly name = 'Refused';
    }
    const run = inThread<Fail>(MODULE, 'fail', { errors: [Refused] });
    const error = await seen('class', run);
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ message: 'no seats', details: { left: 2 } });
  });

  it('may be no error', async () => {
    expect(await seen('text')).toBe('just a text');
  });

  it('may be an exception of Nest: its status makes it final, and callers get what it holds', async () => {
    expect(await seen('http')).toBeInstanceOf(HttpException);
    expect(await seen('rpc')).toBeInstanceOf(RpcException);
  });

  it('may ask for another attempt, or for a dead letter', async () => {
    const service = new TestService();
    const attempts: number[] = [];
    const again = (_: never, context: RedisStreamsContext): Promise<unknown> => {
      attempts.push(context.getFailedAttempts());
      return attempts.length === 1 ? fails('retry', context) : square(3, context);
    };
    const dead = (_: never, context: RedisStreamsContext) => fails('dead', context);
    await service.serve({ messages: { again: [again, all], dead: [dead, all] } }, withThreads());
    const client = await service.connected();
    expect(await client.call('again')).toBe(9);
    expect(attempts).toEqual([0, 1]);
    expect(await client.failure('dead')).toMatchObject({
      code: 'DEAD_LETTERED',
      message: expect.stringContaining('not in a thousand years') as string,
    });
  });
});

describe('bounds', () => {
  it('more computations than "threads.queue" fail with OVERLOADED', async () => {
    const service = new TestService();
    const handler = async (_: never, context: RedisStreamsContext): Promise<unknown> => {
      const runs = [burn(500, context), burn(1, context), burn(1, context)];
      const ends = await Promise.allSettled(runs);
      return ends.map((end) =>
        end.status === 'fulfilled' ? 'run' : (end.reason as ThreadError).code,
      );
    };
    await service.serve(
      { messages: { burn: [handler, { threads: 1 }] } },
      withThreads({ size: 1, queue: 1 }),
    );
    const client = await service.connected();
    expect(await client.call('burn')).toEqual(['run', 'run', 'OVERLOADED']);
  });

  it.each([
    [{ size: 0 }, 'threads.size'],
    [{ size: 257 }, 'threads.size'],
    [{ queue: -1 }, 'threads.queue'],
    [{ memory: 1024 }, 'threads.memory'],
    [{ idleTimeout: '1s' }, 'threads.idleTimeout'],
    [{ grace: 60_001 }, 'threads.grace'],
    [{ timeout: 0 }, 'threads.timeout'],
    [{ execArgv: 'tsx' }, 'threads.execArgv'],
    [{ execArgv: [1] }, 'threads.execArgv'],
    [{ threads: 2 }, 'threads.threads'],
    [true, 'threads'],
  ])('a server refuses %j and names %s', (threads, name) => {
    const service = new TestService();
    const refusal = expect.objectContaining({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`"${name}"`) as string,
    }) as Error;
    expect(() => service.strategy({ threads: threads as never })).toThrow(refusal);
  });

  it.each([0, -1, 1.5, 257, false, '2', {}])('extras refuse threads: %j', async (threads) => {
    const service = new TestService();
    const server = service.server({ messages: { square: [square, { threads: threads as true }] } });
    await expect(listening(server)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(
        'option "threads" must be true, or a whole number',
      ) as string,
    });
  });

  it('a handler cannot have more threads than its server', async () => {
    const service = new TestService();
    const handlers = { messages: { square: [square, { threads: 3 }] as const } };
    const server = service.server(handlers, withThreads({ size: 2 }));
    await expect(listening(server)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message:
        'Extras of the handler of "square": option "threads" is 3, and the server has 2 ("threads.size").',
    });
  });
});

describe('mistakes', () => {
  it.each([
    ['a module', () => inThread('./functions.js', 'square'), '"module"'],
    ['a name', () => inThread(MODULE, ''), '"name"'],
    ['a list', () => inThread(MODULE, 'square', { errors: [1] as never }), '"errors"'],
  ])('inThread wants %s', (_what, make, named) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error);
    expect(make).toThrow(named);
  });

  it('the package of the pool is named where it is not installed', () => {
    const absent = (): never => {
      throw new Error('not here');
    };
    expect(() => loadPool(absent)).toThrow(/npm install piscina$/);
  });

  it.each([
    ['no module', new URL('./none.js', MODULE), 'square', /none\.js cannot be loaded in a thread/],
    ['no export', MODULE, 'cube', /exports no function "cube"/],
    ['no function', MODULE, 'notAFunction', /exports no function "notAFunction"/],
  ])(
    '%s: the call fails once and for all, although it would be retried',
    async (_, module, name, text) => {
      const service = new TestService();
      const run = vi.fn(inThread<typeof functions.square>(module, name));
      const extras = { threads: 1, retry: { attempts: 3, delay: 0 } };
      await service.serve({ messages: { run: [run, extras] } }, withThreads());
      const error = await (await service.connected()).failure('run', 2);
      expect(error).toMatchObject({ code: 'INVALID_OPTION', retryable: false });
      expect((error as Error).message).toMatch(text);
      expect(run).toHaveBeenCalledTimes(1);
    },
  );

  it.each([
    ['data', 'square', (() => 1) as never, /the data cannot be copied/],
    ['a result', 'uncopied', undefined, /what "uncopied" returns cannot be copied/],
    ['a stream', 'several', undefined, /returns one value/],
  ])('%s that cannot be copied fails, and the thread goes on', async (_, name, data, text) => {
    const service = new TestService();
    const run = inThread<(data: never) => unknown>(MODULE, name);
    const handler = (_data: never, context: RedisStreamsContext) => run(data as never, context);
    await service.serve(
      { messages: { run: [handler, { threads: 1 }], burn: [burn, { threads: 1 }] } },
      withThreads({ size: 1 }),
    );
    const client = await service.connected();
    const thread = await client.call('burn', 1);
    const error = await client.failure('run');
    expect(error).toMatchObject({ code: 'INVALID_MESSAGE' });
    expect((error as Error).message).toMatch(text);
    expect(await client.call('burn', 1)).toBe(thread);
  });

  it('a handler without threads is told, and so is one that gives no context', async () => {
    const service = new TestService();
    const bare = (data: never): Promise<number> => square(data, undefined as never);
    await service.serve({ messages: { square, bare: [bare, all] } }, withThreads());
    const client = await service.connected();
    expect(await client.failure('square', 2)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('give it { threads: true }') as string,
    });
    expect(await client.failure('bare', 2)).toMatchObject({
      message: expect.stringContaining('needs the context of the handler') as string,
    });
    const error = await square(2, createContext()).catch((thrown: unknown) => thrown);
    expect(ThreadError.is(error) && error.code).toBe('INVALID_OPTION');
    expect(RedisStreamsError.isRedisStreamsError(error)).toBe(false);
  });
});

@Injectable({ scope: Scope.REQUEST })
class Tenant {
  readonly made = performance.now();
}

@Controller()
class ScopedController {
  constructor(readonly tenant: Tenant) {}

  @MessagePattern('scoped', { threads: true })
  async scoped(@Payload() n: number, @Ctx() context: RedisStreamsContext): Promise<unknown> {
    return [await square(n, context), this.tenant.made];
  }
}

it('a handler of a request-scoped controller may compute in threads: its instance stays where it is', async () => {
  const service = new TestService();
  await service.serveModule(
    { controllers: [ScopedController], providers: [Tenant] },
    withThreads(),
  );
  const client = await service.connected();
  const [one, other] = [
    await client.call<number[]>('scoped', 3),
    await client.call<number[]>('scoped', 4),
  ];
  expect([one[0], other[0]]).toEqual([9, 16]);
  expect(one[1]).not.toBe(other[1]);
});

it('the log says that a thread was lost, once in a while', async () => {
  const { Logger } = await import('@nestjs/common');
  const service = new TestService();
  const lines: unknown[] = [];
  Logger.overrideLogger({
    ...{ log: () => {}, error: () => {} },
    warn: (line: unknown, facts: unknown) => void lines.push([line, facts]),
  });
  try {
    await service.serve({ messages: { crash: [crash, all] } }, withThreads());
    const client = await service.connected();
    await client.failure('crash', 'exit');
    const facts = expect.objectContaining({ code: 'THREAD_LOST' }) as unknown;
    await eventually(() =>
      expect(lines).toContainEqual([expect.stringContaining('a thread of crash was lost'), facts]),
    );
  } finally {
    Logger.overrideLogger(false);
  }
});
