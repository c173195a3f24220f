import { ClientRedisStreams, type RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import type { Caller } from '../support/caller.js';

const heard = (_data: unknown, context: RedisStreamsContext) => ({
  headers: context.getMetadata(),
  left: context.remainingTime(),
});

describe.each(EITHER_BROKER)('E5 what nested calls pass on, over %s', (_name, make) => {
  /** A calls B inside a handler. */
  const open = async (options: { passHeaders?: string[]; headers?: Record<string, string> }) => {
    const service = make();
    const events: unknown[] = [];
    const inner: Caller = service.client(options);
    await service.serve({
      messages: {
        outer: async (data: { record?: Record<string, string> }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          await inner.tell('told', {});
          const own = data.record === undefined ? undefined : { headers: data.record };
          return inner.call('inner', {}, own);
        },
        inner: heard,
      },
      events: {
        told: (_data: unknown, context: RedisStreamsContext) =>
          void events.push(context.getMetadata()),
      },
    });
    return { inner, events, client: service.client() };
  };
  type Heard = ReturnType<typeof heard>;
  const headers = { 'x-request-id': '7', traceparent: '00-a', authorization: 'secret' };

  test('the headers in the list, with calls and events, and the deadline; others are not', async () => {
    const { client, events } = await open({
      passHeaders: ['x-request-id', 'traceparent', 'absent'],
    });
    const { headers: seen, left } = await client.call<Heard>(
      'outer',
      {},
      { headers, timeout: 5000 },
    );
    expect(seen).toEqual({ 'x-request-id': '7', traceparent: '00-a' });
    expect(left).toBeLessThanOrEqual(5000);
    await eventually(() => expect(events).toEqual([{ 'x-request-id': '7', traceparent: '00-a' }]));
  });

  test('they replace those of the client, and those of a record replace them', async () => {
    const { client } = await open({
      passHeaders: ['x-request-id', 'traceparent'],
      headers: { 'x-request-id': 'of the client', app: 'shop' },
    });
    const record = { traceparent: 'of the record' };
    const { headers: seen } = await client.call<Heard>('outer', { record }, { headers });
    expect(seen).toEqual({ 'x-request-id': '7', app: 'shop', traceparent: 'of the record' });
  });

  test('nothing is passed on without the option, nor outside of handlers', async () => {
    const { client } = await open({});
    expect((await client.call<Heard>('outer', {}, { headers })).headers).toEqual({});
    const { inner } = await open({ passHeaders: ['x-request-id'] });
    expect((await inner.call<Heard>('inner')).headers).toEqual({});
  });

  test('handlers that run at once do not get the headers of each other', async () => {
    const { client } = await open({ passHeaders: ['x-request-id'] });
    const ids = Array.from({ length: 50 }, (_, i) => String(i));
    const seen = await Promise.all(
      ids.map((id) => client.call<Heard>('outer', {}, { headers: { 'x-request-id': id } })),
    );
    expect(seen.map((one) => one.headers['x-request-id'])).toEqual(ids);
  });

  test('more than headers may take fails that call, with a code', async () => {
    const { client } = await open({
      passHeaders: ['long'],
      headers: { static: 'x'.repeat(9000) },
    });
    const error = client.failure('outer', {}, { headers: { long: 'y'.repeat(9000) } });
    expect(await error).toMatchObject({ code: 'INVALID_MESSAGE' });
  });
});

test.each([
  'x-request-id',
  [],
  [''],
  [7],
  ['__proto__'],
  ['x'.repeat(257)],
  Array.from({ length: 65 }, (_, i) => `h${i}`),
])('E5 passHeaders: %j is refused', (passHeaders) => {
  expect(() => new ClientRedisStreams({ passHeaders: passHeaders as never })).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('"passHeaders"'),
    }),
  );
});
