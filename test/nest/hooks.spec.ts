import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CallHooks,
  ClientRedisStreams,
  type HookedCall,
  type RedisStreamsContext,
  RedisStreamsError,
  RedisStreamsRecord,
} from 'nestjs-redis-streams';
import { firstValueFrom, NEVER, of, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import type { Handlers } from '../support/handlers.js';

const handlers: Handlers = {
  messages: {
    echo: (data: unknown) => data,
    headers: (_data: unknown, context: RedisStreamsContext) => context.getMetadata(),
    many: () => of(1, 2, 3),
    fails: () => Promise.reject(new RedisStreamsError('OVERLOADED', 'too much')),
    never: () => NEVER,
  },
  events: { told: () => undefined },
};

/** Hooks that note what they are told, in one list. */
const noting = (lines: string[], name: string): CallHooks => ({
  before: ({ kind, pattern, data }) =>
    void lines.push(`${name} before ${kind} ${pattern} ${JSON.stringify(data)}`),
  after: ({ values }, value) => void lines.push(`${name} after ${values} ${JSON.stringify(value)}`),
  error: (_call, error) => void lines.push(`${name} error ${(error as { code?: string }).code}`),
});

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, 5, value));

describe.each(EITHER_BROKER)('M12 hooks around a call, over %s', (_name, make) => {
  const open = async (hooks: CallHooks | CallHooks[], timeout = 30_000) => {
    const service = make();
    await service.serve(handlers, { drainTimeout: 0 });
    return service.client({ hooks, timeout, headers: { app: 'shop' } });
  };

  test('before in their order, after and error the other way, before the application is told', async () => {
    const lines: string[] = [];
    const client = await open([noting(lines, 'a'), noting(lines, 'b')]);
    expect(await client.call('echo', { n: 1 })).toEqual({ n: 1 });
    lines.push('told');
    await client.failure('fails');
    lines.push('told');
    await client.tell('told', 7);
    lines.push('told');
    expect(await client.values('many', {})).toEqual([1, 2, 3]);
    expect(lines).toEqual([
      ...['a before call echo {"n":1}', 'b before call echo {"n":1}'],
      ...['b after 1 {"n":1}', 'a after 1 {"n":1}', 'told'],
      ...['a before call fails {}', 'b before call fails {}'],
      ...['b error OVERLOADED', 'a error OVERLOADED', 'told'],
      ...['a before event told 7', 'b before event told 7'],
      ...['b after 0 undefined', 'a after 0 undefined', 'told'],
      ...['a before call many {}', 'b before call many {}'],
      ...['b after 3 3', 'a after 3 3'],
    ]);
  });

  test('those that return promises are waited for', async () => {
    const lines: string[] = [];
    const client = await open({
      before: async (call) => {
        call.headers['token'] = await later('fresh');
        lines.push('before');
      },
      after: async () => void lines.push(await later('after')),
      error: async () => void lines.push(await later('error')),
    });
    expect(await client.call('headers')).toEqual({ app: 'shop', token: 'fresh' });
    lines.push('told');
    await client.failure('fails');
    lines.push('told');
    expect(lines).toEqual(['before', 'after', 'told', 'before', 'error', 'told']);
  });

  test('a call has its id, its time and its headers; those of the hook replace those of the record', async () => {
    const seen: Partial<HookedCall>[] = [];
    const client = await open({
      before: (call) => {
        expect(call.callId).toBeUndefined();
        call.headers['who'] = 'the hook';
      },
      after: ({ callId, took, kind }) => void seen.push({ callId, took, kind }),
    });
    const record = new RedisStreamsRecord({}, { headers: { who: 'the record', own: 'x' } });
    const { value, callId } = await firstValueFrom(client.sendWithMeta('headers', record));
    expect(value).toEqual({ app: 'shop', who: 'the hook', own: 'x' });
    expect(seen).toEqual([{ callId, took: expect.any(Number), kind: 'call' }]);
    expect(seen[0]!.took).toBeGreaterThan(0);
  });

  test.each<[string, CallHooks, string]>([
    [
      'a hook that throws',
      {
        before: () => {
          throw new Error('no token');
        },
      },
      'no token',
    ],
    ['one that rejects', { before: () => Promise.reject(new Error('no token')) }, 'no token'],
    [
      'a header that is no text',
      {
        before: (call) => {
          call.headers['n'] = 5 as never;
        },
      },
      'headers.n',
    ],
    ['headers that are none', { before: (call) => Object.assign(call, { headers: null }) }, 'null'],
  ])('%s before a call: it is not sent, and only it fails', async (_what, hook, text) => {
    let isBroken = true;
    const lines: string[] = [];
    const client = await open([
      noting(lines, 'outer'),
      {
        before: (call) => (isBroken ? hook.before?.(call) : undefined),
        error: () => lines.push('its own'),
      },
    ]);
    expect(await client.failure('echo')).toMatchObject({
      code: 'HOOK_FAILED',
      outcome: 'not-run',
      retryable: false,
      pattern: 'echo',
      message: expect.stringContaining(text),
      cause: expect.any(Error),
    });
    expect(lines.filter((line) => line.startsWith('outer'))).toEqual([
      'outer before call echo {}',
      'outer error HOOK_FAILED',
    ]);
    isBroken = false;
    expect(await client.call('echo', 1)).toBe(1);
    isBroken = true;
    await expect(client.tell('told')).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      outcome: 'not-run',
    });
  });

  test('one that throws after a call: it fails, has perhaps run, and hooks further out are told', async () => {
    const lines: string[] = [];
    const after = () => {
      throw new Error('no disk');
    };
    const client = await open([
      noting(lines, 'outer'),
      { after, error: () => lines.push('its own') },
    ]);
    expect(await client.failure('echo')).toMatchObject({
      code: 'HOOK_FAILED',
      outcome: 'may-have-run',
      message: 'the hook "after" of echo failed: no disk',
    });
    expect(lines).toEqual(['outer before call echo {}', 'outer error HOOK_FAILED']);
  });

  test('one that throws at an error changes nothing for the application', async () => {
    const lines: string[] = [];
    const error = () => {
      throw new Error('no disk');
    };
    const client = await open([noting(lines, 'outer'), { error }]);
    expect(await client.failure('fails')).toMatchObject({ code: 'OVERLOADED' });
    expect(lines).toEqual(['outer before call fails {}', 'outer error OVERLOADED']);
  });

  test('one that never ends costs its call the time of a call', async () => {
    const client = await open(
      { before: ({ pattern }) => (pattern === 'echo' ? new Promise(() => {}) : undefined) },
      100,
    );
    expect(await client.failure('echo')).toMatchObject({
      code: 'HOOK_FAILED',
      outcome: 'not-run',
      message: expect.stringMatching(/100 ms/),
    });
    expect(await client.call('headers', {}, { timeout: 20_000 })).toEqual({ app: 'shop' });
  });

  test('unsubscribing is told as CANCELLED, also to a hook that had not ended, and nothing is sent then', async () => {
    const lines: string[] = [];
    let release = (): void => {};
    const client = await open([
      noting(lines, 'first'),
      {
        before: () => new Promise<void>((resolve) => (release = resolve)),
        error: (_call, error) => {
          const { code, outcome } = error as RedisStreamsError;
          lines.push(`second ${code} ${outcome}`);
        },
      },
      noting(lines, 'third'),
    ]);
    const subscription = client.send('never', 1).subscribe();
    await eventually(() => expect(lines).toHaveLength(1));
    subscription.unsubscribe();
    await eventually(() => expect(lines).toHaveLength(2));
    release();
    await eventually(() => expect(lines).toHaveLength(3));
    expect(lines).toEqual([
      'first before call never 1',
      'first error CANCELLED',
      'second CANCELLED not-run',
    ]);
  });

  test('they and the reply are in the asynchronous context of the caller', async () => {
    const user = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const note = (): void => void seen.push(user.getStore());
    const client = await open({ before: async () => later(note()), after: note });
    await user.run(
      'ada',
      () =>
        new Promise<void>((resolve) => {
          client
            .send('echo', 1)
            .pipe(toArray())
            .subscribe(() => {
              note();
              resolve();
            });
        }),
    );
    expect(seen).toEqual(['ada', 'ada', 'ada']);
  });

  test('hooks of a class keep their object', async () => {
    class Counter implements CallHooks {
      readonly name = 'counter';
      calls = 0;
      before(): void {
        this.calls++;
      }
    }
    const counter = new Counter();
    const client = await open(counter);
    await client.call('echo');
    expect(counter.calls).toBe(1);
  });
});

describe('hooks that are none', () => {
  test.each([
    ['hooks', 5],
    ['hooks', []],
    ['hooks', {}],
    ['hooks', [null]],
    ['hooks', Array.from({ length: 33 }, () => ({ before: () => undefined }))],
    ['hooks.before', { before: 'x' }],
    ['hooks.onError', { before: () => undefined, onError: () => undefined }],
  ])('%s of %j is refused', (option, hooks) => {
    expect(() => new ClientRedisStreams({ hooks: hooks as never })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(`"${option}"`),
      }),
    );
  });
});
