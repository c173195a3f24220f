import type { NackOptions, RedisStreamsContext } from 'nestjs-redis-streams';
import { createContext } from 'nestjs-redis-streams/testing';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';

const retry = { attempts: 3, delay: 10, jitter: 0 };

describe.each(EITHER_BROKER)('N12 acknowledging by hand, over %s', (_name, make) => {
  const open = async (nack: (context: RedisStreamsContext) => void) => {
    const service = make();
    const runs: { attempt: number; at: number }[] = [];
    const handler = (_data: unknown, context: RedisStreamsContext): void => {
      runs.push({ attempt: context.getFailedAttempts(), at: performance.now() });
      nack(context);
    };
    await service.serve({ events: { placed: [handler, { retry }] } });
    await service.client().tell('placed', { id: 7 });
    return { service, runs };
  };

  test('nack() has an event handled again as the policy says, until its attempts are used up', async () => {
    const { service, runs } = await open((context) => context.nack());
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(runs.map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
    expect(await service.deadLetters()).toMatchObject([{ reason: 'attempts', d: '{"id":7}' }]);
  });

  test('nack({ delay }) waits as long as it says', async () => {
    const { service, runs } = await open((context) => {
      if (context.getFailedAttempts() === 0) context.nack({ requeue: true, delay: 300 });
    });
    await eventually(() => expect(runs.map(({ attempt }) => attempt)).toEqual([0, 1]));
    // Redis' clock counts whole milliseconds.
    expect(runs[1]!.at - runs[0]!.at).toBeGreaterThan(290);
    expect(await service.deadLetters()).toEqual([]);
  });

  test('nack({ requeue: false }) moves it to the dead letters at once', async () => {
    const { service, runs } = await open((context) =>
      context.nack({ requeue: false, reason: 'no such order' }),
    );
    await eventually(async () =>
      expect(await service.deadLetters()).toMatchObject([
        { reason: 'handler', error: 'no such order', d: '{"id":7}' },
      ]),
    );
    expect(runs).toHaveLength(1);
  });

  test('R3 the context has the id of a request, and the address that its reply goes to', async () => {
    const service = make();
    const heard: (string | undefined)[] = [];
    await service.serve({
      messages: {
        where: (_data: unknown, context: RedisStreamsContext) => [
          context.getCallId(),
          context.getReplyAddress(),
        ],
      },
      events: {
        told: (_data: unknown, context: RedisStreamsContext) =>
          void heard.push(context.getReplyAddress()),
      },
    });
    const client = service.client();
    const [id, address] = await client.call<[string, string]>('where');
    expect(id.split('/')[0]).toBe(client.callerId);
    expect(address).toBe(service.keys.log(client.callerId));
    await client.tell('told');
    await eventually(() => expect(heard).toEqual([undefined]));
  });
});

describe('nack() with bad input', () => {
  test.each<[string, NackOptions]>([
    ['nack.delay', { delay: -1 }],
    ['nack.delay', { delay: 1.5 }],
    ['nack.delay', { delay: 604_800_001 }],
    ['nack.requeue', { requeue: 'no' as never }],
    ['nack.reason', { requeue: false, reason: '' }],
    ['nack.reason', { requeue: false, reason: 'x'.repeat(1025) }],
    ['nack.delay', { requeue: false, delay: 5 }],
    ['nack.reason', { reason: 'x' }],
    ['nack.allUpTo', { allUpTo: true } as never],
    ['nack', 5 as never],
  ])('refuses %s of %j', (option, options) => {
    const context = createContext({ kind: 'event' });
    expect(() => context.nack(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(option) }),
    );
    expect(context.outcome).toBeUndefined();
  });

  test('refuses requests', () => {
    expect(() => createContext().nack()).toThrow(
      expect.objectContaining({
        code: 'INVALID_MESSAGE',
        message: expect.stringMatching(/^nack\(\) is for events/),
      }),
    );
  });

  test('the first of several counts', () => {
    const context = createContext({ kind: 'event' });
    context.nack({ delay: 5 });
    context.nack({ requeue: false });
    expect(context.outcome).toEqual({ kind: 'retry', delay: 5 });
  });
});
