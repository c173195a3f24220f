import { Observable } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import type { Handler } from '../support/handlers.js';
import { TestService } from '../support/test-service.js';

// Whatever of this is left unhandled fails the run: vitest counts rejections that nobody hears.

const fails = (): never => {
  throw new Error('asked');
};
const hostile = (): unknown => new Proxy({}, { get: fails, getPrototypeOf: fails, has: fails });
const bare = (): unknown => Object.assign(Object.create(null) as object, { x: 1 });
const silent = (): unknown => Object.defineProperty({}, 'message', { get: fails });

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['an object without prototype', bare],
  ['a getter that throws', silent],
  ['a proxy whose traps throw', hostile],
];

const throwing =
  (make: () => unknown): Handler =>
  () => {
    throw make();
  };
const rejecting =
  (make: () => unknown): Handler =>
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the case
  () =>
    Promise.reject(make());
const retry = { attempts: 2, delay: 1 };

describe.each(THROWN)('%s, thrown', (_, make) => {
  test('by a message handler is an error for the caller, and its slot is free again', async () => {
    const service = new TestService();
    const messages = {
      throws: throwing(make),
      rejects: rejecting(make),
      retried: [throwing(make), { retry }] as const,
      streams: () => new Observable((subscriber) => subscriber.error(make())),
      sound: () => 'sound',
    };
    await service.serve({ messages }, { concurrency: 1 });
    const client = service.client();
    for (const pattern of ['throws', 'rejects', 'retried', 'streams']) {
      expect(await client.failure(pattern)).toBeDefined();
    }
    expect(await client.call('sound')).toBe('sound');
  });

  test('by an event handler is retried and then a dead letter', async () => {
    const service = new TestService();
    const events = { throws: throwing(make), rejects: rejecting(make) };
    await service.serve({ events }, { retry });
    const client = service.client();
    await client.tell('throws');
    await client.tell('rejects');
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(2));
    for (const letter of await service.deadLetters()) {
      expect(letter).toMatchObject({ reason: 'attempts', attempts: '2' });
      expect(letter['error']).not.toBe('');
    }
    expect(await service.pending('throws')).toBe(0);
  });

  test('by a processing hook fails the attempt', async () => {
    const service = new TestService();
    const server = service.server(
      { messages: { asked: () => 1 }, events: { told: () => {} } },
      { retry },
    );
    server.setOnProcessingStartHook(throwing(make) as never);
    await server.listen(() => {});
    const client = service.client();
    expect(await client.failure('asked')).toMatchObject({ status: 'error' });
    await client.tell('told');
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
  });

  test('by a deserializer of the service ends the entry', async () => {
    const service = new TestService();
    const serializer = { serialize: (value: unknown) => value };
    for (const [name, deserialize] of [
      ['sync', throwing(make)],
      ['async', rejecting(make)],
    ] as const) {
      const deserializer = { deserialize: deserialize as never };
      await service.serve({ messages: { [name]: () => 1 } }, { deserializer, group: name });
      const client = service.client({ serializer });
      expect(await client.failure(name)).toMatchObject({
        code: 'INVALID_MESSAGE',
        outcome: 'not-run',
      });
      expect(await service.deadLetters(name)).toMatchObject([{ reason: 'malformed' }]);
    }
  });

  test('by serializers and deserializers around a reply is an error for the caller', async () => {
    const service = new TestService();
    const plain = { serialize: (value: unknown) => value };
    const serializer = { serialize: throwing(make) as never };
    const deserializer = { deserialize: rejecting(make) as never };
    await service.serve({ messages: { packed: () => 1 } }, { serializer, group: 'bad' });
    await service.serve({ messages: { read: () => 1 } }, { serializer: plain, group: 'good' });
    expect(await service.client().failure('packed')).toMatchObject({ code: 'INVALID_MESSAGE' });
    expect(await service.client({ deserializer }).failure('read')).toMatchObject({
      code: 'INVALID_MESSAGE',
      outcome: 'may-have-run',
    });
    expect(await service.client({ serializer }).failure('read')).toMatchObject({
      outcome: 'not-run',
    });
  });

  test('by the end of a stream that no caller waits for any more harms nothing', async () => {
    const service = new TestService();
    let ended = 0;
    const end = (): never => {
      ended++;
      throw make();
    };
    const iterator = () => {
      let stop: (last: object) => void = () => {};
      let sent = 0;
      const next = () =>
        new Promise<object>((resolve) => {
          if (sent++ === 0) resolve({ value: 1 });
          else stop = resolve;
        });
      return { next, return: () => (stop({ done: true }), end()) };
    };
    const endless = new Observable((subscriber) => {
      subscriber.next(1);
      return end;
    });
    const messages = {
      observable: () => endless,
      iterable: () => ({ [Symbol.asyncIterator]: iterator }),
      sound: () => 'sound',
    };
    await service.serve({ messages });
    const client = await service.connected();
    for (const pattern of ['observable', 'iterable']) {
      // Whoever has taken the first value stops waiting.
      expect(await client.call(pattern)).toBe(1);
    }
    await eventually(() => expect(ended).toBe(2));
    expect(await client.call('sound')).toBe('sound');
  });

  test('by a listener of connection events goes no further', async () => {
    const service = new TestService();
    const server = service.server({ messages: { sound: () => 'sound' } });
    server.on('ready', throwing(make) as never);
    server.on('ready', rejecting(make) as never);
    await server.listen(() => {});
    expect(await service.client().call('sound')).toBe('sound');
  });
});
