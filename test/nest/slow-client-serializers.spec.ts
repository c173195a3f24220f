import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import {
  type RecordOptions,
  RedisStreamsRecordBuilder,
  type RedisStreamsClientOptions,
} from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, of } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
import { watched } from '../support/watched.js';

// What G1 and G2 promise holds while a serializer or a deserializer of the client works.

@Controller()
class SlowController {
  readonly heard: unknown[] = [];

  @MessagePattern('slow.echo')
  echo(data: unknown): unknown {
    this.heard.push(data);
    return data;
  }

  @MessagePattern('slow.many')
  many(): unknown {
    return of('a', 'b', 'c');
  }
}

/** Nest's packets as they are; each waits until the test lets it go. */
const gate = () => {
  const waiting: (() => void)[] = [];
  return {
    serialize: vi.fn(
      (packet: unknown) => new Promise<unknown>((resolve) => waiting.push(() => resolve(packet))),
    ),
    deserialize: vi.fn(
      (packet: unknown) => new Promise<unknown>((resolve) => waiting.push(() => resolve(packet))),
    ),
    waiting,
    open: () => waiting.splice(0).forEach((go) => go()),
  };
};
const passing = { serialize: (packet: unknown) => packet };
const packets = { serializer: passing, deserializer: { deserialize: (packet: never) => packet } };

const record = (data: unknown, options: RecordOptions) =>
  new RedisStreamsRecordBuilder(data).setOptions(options).build();

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => expect.fail(`it succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

async function open(options: RedisStreamsClientOptions) {
  const service = new TestService();
  const app = await service.serveModule({ controllers: [SlowController] }, packets);
  const client = service.client({ ...packets, ...options });
  await firstValueFrom(service.client(packets).send('slow.echo', 'up'));
  const { heard } = app.get(SlowController);
  heard.length = 0;
  return { service, client, heard };
}

const sent = (kind: 'send' | 'emit', client: ReturnType<TestService['client']>, data: unknown) =>
  lastValueFrom(client[kind]('slow.echo', data), { defaultValue: undefined });

describe.each(['send', 'emit'] as const)('a serializer that does not answer: %s', (kind) => {
  test('ends at the deadline, certainly not run', async () => {
    const serializer = gate();
    const { service, client, heard } = await open({ serializer, timeout: 150 });
    await client.connect();
    const begun = performance.now();
    expect(await reasonOf(sent(kind, client, 1))).toMatchObject({
      code: 'TIMEOUT',
      outcome: 'not-run',
      pattern: 'slow.echo',
    });
    expect(performance.now() - begun).toBeLessThan(2_000);
    // It answers after all: too late to send anything.
    serializer.open();
    const other = service.client(packets);
    await firstValueFrom(other.send('slow.echo', 'after'));
    expect(heard).toEqual(['after']);
  });

  test('ends with its signal', async () => {
    const { client } = await open({ serializer: gate() });
    const { signal, abort } = controller();
    const end = reasonOf(sent(kind, client, record(1, { signal })));
    abort();
    expect(await end).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
  });

  test('ends when the client closes, and neither sends nor connects when it answers later', async () => {
    const serializer = gate();
    const { client, heard, service } = await open({ serializer });
    await client.connect();
    const end = reasonOf(sent(kind, client, 'late'));
    await eventually(() => expect(serializer.waiting).toHaveLength(1));
    await client.close();
    expect(await end).toMatchObject({ code: 'CLOSED', outcome: 'not-run' });
    serializer.open();
    await firstValueFrom(service.client(packets).send('slow.echo', 'after'));
    expect(heard).toEqual(['after']);
    expect(() => client.unwrap()).toThrow(/initialized/i);
  });

  test('counts towards maxPending', async () => {
    const serializer = gate();
    const { client } = await open({ serializer, maxPending: 2 });
    const first = [sent(kind, client, 1), sent(kind, client, 2)];
    expect(await reasonOf(sent(kind, client, 3))).toMatchObject({ code: 'OVERLOADED' });
    serializer.open();
    await Promise.all(first);
    const next = sent(kind, client, 4);
    serializer.open();
    await next;
  });

  test('that fails late fails its own call, and leaves no rejection alone', async () => {
    const { client } = await open({
      serializer: {
        serialize: async (packet: unknown) => {
          await Promise.resolve();
          if ((packet as { data: unknown }).data === 'bad') throw new Error('not this one');
          return packet;
        },
      },
    });
    expect(await reasonOf(sent(kind, client, 'bad'))).toMatchObject({
      code: 'INVALID_MESSAGE',
      outcome: 'not-run',
    });
    await sent(kind, client, 'good');
  });

  test('is not waited for while Redis is away either', async () => {
    const service = new TestService();
    const client = service.client({ ...away, serializer: gate(), timeout: 100 });
    expect(await reasonOf(sent(kind, client, 1))).toMatchObject({ outcome: 'not-run' });
  });
});

test('a call whose serializer takes its time has the rest of its timeout', async () => {
  const serializer = gate();
  const { service, client } = await open({ serializer, timeout: 60_000, whenNoConsumer: 'wait' });
  const begun = performance.now();
  const call = reasonOf(firstValueFrom(client.send('slow.nobody', 1)));
  await eventually(() => expect(performance.now() - begun).toBeGreaterThan(120));
  serializer.open();
  await eventually(async () => expect(await service.headerLines('slow.nobody')).toHaveLength(1));
  const [line] = await service.headerLines('slow.nobody');
  expect(Number(line?.split(' ')[4])).toBeLessThan(59_900);
  await client.close();
  expect(await call).toMatchObject({ code: 'CLOSED', outcome: 'not-run' });
});

test('unsubscribing while the serializer works sends nothing', async () => {
  const serializer = gate();
  const { client, heard, service } = await open({ serializer });
  const subscription = client.send('slow.echo', 'dropped').subscribe();
  await eventually(() => expect(serializer.waiting).toHaveLength(1));
  subscription.unsubscribe();
  serializer.open();
  await firstValueFrom(service.client(packets).send('slow.echo', 'after'));
  expect(heard).toEqual(['after']);
});

test('a serializer may return any thenable', async () => {
  const thenable = (packet: unknown) =>
    // oxlint-disable-next-line unicorn/no-thenable -- promises of other libraries are what this is about
    Object.defineProperty({}, 'then', {
      value: (told: (value: unknown) => void) => told(packet),
    });
  const { client } = await open({ serializer: { serialize: thenable } });
  expect(await firstValueFrom(client.send('slow.echo', 5))).toBe(5);
});

describe('a deserializer that does not answer', () => {
  test('a call ends at its deadline, and may have run', async () => {
    const deserializer = gate();
    const { client, heard } = await open({ deserializer, timeout: 1500 });
    await client.connect();
    const begun = performance.now();
    expect(await reasonOf(firstValueFrom(client.send('slow.echo', 1)))).toMatchObject({
      code: 'TIMEOUT',
      outcome: 'may-have-run',
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(heard).toEqual([1]);
    deserializer.open();
  });

  test('in the middle of a stream: what was read before is handed on, and it ends at its deadline', async () => {
    const slow = gate();
    const deserialize = (packet: { response?: unknown }) =>
      packet.response === 'b' ? slow.deserialize(packet) : packet;
    const { client } = await open({ deserializer: { deserialize }, timeout: 1500 });
    await client.connect();
    const values: unknown[] = [];
    const error = await new Promise((resolve) =>
      client.send('slow.many', {}).subscribe({ next: (v) => values.push(v), error: resolve }),
    );
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
    expect(values).toEqual(['a']);
    slow.open();
  });

  test('a call ends with its signal', async () => {
    const deserializer = gate();
    const { client } = await open({ deserializer });
    const { signal, abort } = controller();
    const end = reasonOf(firstValueFrom(client.send('slow.echo', record(1, { signal }))));
    await eventually(() => expect(deserializer.waiting).toHaveLength(1));
    abort();
    expect(await end).toMatchObject({ code: 'CANCELLED', outcome: 'may-have-run' });
  });

  test('a call ends when the client closes', async () => {
    const deserializer = gate();
    const { client } = await open({ deserializer });
    const end = reasonOf(firstValueFrom(client.send('slow.echo', 1)));
    await eventually(() => expect(deserializer.waiting).toHaveLength(1));
    await client.close();
    expect(await end).toMatchObject({ code: 'CLOSED', outcome: 'may-have-run' });
    deserializer.open();
  });

  test('a call counts towards maxPending', async () => {
    const deserializer = gate();
    const { client } = await open({ deserializer, maxPending: 1 });
    const first = watched(firstValueFrom(client.send('slow.echo', 1)));
    await eventually(() => expect(deserializer.waiting).toHaveLength(1));
    expect(await reasonOf(firstValueFrom(client.send('slow.echo', 2)))).toMatchObject({
      code: 'OVERLOADED',
    });
    deserializer.open();
    expect(await first).toBe(1);
  });

  test('values that it read in another order arrive in theirs', async () => {
    const slow = gate();
    const deserialize = (packet: { response?: unknown }) =>
      packet.response === 'a' ? slow.deserialize(packet) : packet;
    const { client } = await open({ deserializer: { deserialize } });
    const values: unknown[] = [];
    const ended = new Promise<void>((complete) =>
      client.send('slow.many', {}).subscribe({ next: (v) => values.push(v), complete }),
    );
    await eventually(() => expect(slow.waiting).toHaveLength(1));
    expect(values).toEqual([]);
    slow.open();
    await ended;
    expect(values).toEqual(['a', 'b', 'c']);
  });
});

function controller(): { signal: AbortSignal; abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
