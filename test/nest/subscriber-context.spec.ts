import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type ClientRedisStreams, RedisStreamsRecordBuilder } from 'nestjs-redis-streams';
import { concat, finalize, firstValueFrom, lastValueFrom, Observable, of, switchMap } from 'rxjs';
import { onTestFinished } from 'vitest';
import { Forked } from '../../tools/forked.js';
import { builtLibrary, program } from '../support/built-library.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

// A subscriber has its own asynchronous context, and what it does with replies is done there,
// whichever call made the client connect, and whichever batch its own call travelled in.

const als = new AsyncLocalStorage<string>();

@Controller()
class ContextController {
  @MessagePattern('ctx.echo')
  echo(data: unknown): unknown {
    return data;
  }

  @MessagePattern('ctx.many')
  many(): unknown {
    return of(1, 2, 3);
  }

  @MessagePattern('ctx.error')
  error(): never {
    throw new Error('no');
  }

  @MessagePattern('ctx.never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

/** Each end that an observable comes to, with the context that it came in. */
const seen = (source: Observable<unknown>): Promise<string[]> =>
  new Promise((resolve) => {
    const heard: string[] = [];
    const note = (what: string): number => heard.push(`${what} ${als.getStore() ?? 'nobody'}`);
    source
      .pipe(
        finalize(() => {
          note('finalize');
          resolve(heard);
        }),
      )
      .subscribe({
        next: () => note('next'),
        error: () => note('error'),
        complete: () => note('complete'),
      });
  });

/** A client whose connections somebody called alice made, with a call. */
async function open(options = {}) {
  const service = new TestService();
  // Calls of `ctx.never` do not end.
  await service.serveModule({ controllers: [ContextController] }, { drainTimeout: 0 });
  const client = service.client(options);
  await als.run('alice', () => firstValueFrom(client.send('ctx.echo', 1)));
  return client;
}

/** As one who belongs to nobody: outside of every context, and as bob. */
const people = ['nobody', 'bob'] as const;
const as = <T>(who: (typeof people)[number], task: () => T): T =>
  who === 'nobody' ? als.exit(task) : als.run(who, task);

describe.each(people)('what comes back arrives in the context of the subscriber: %s', (who) => {
  const of3 = [`next ${who}`, `next ${who}`, `next ${who}`];
  const fine = [`complete ${who}`, `finalize ${who}`];
  const bad = [`error ${who}`, `finalize ${who}`];

  test('values and their end', async () => {
    const client = await open();
    expect(await as(who, () => seen(client.send('ctx.many', {})))).toEqual([...of3, ...fine]);
  });

  test('the values of sendWithMeta', async () => {
    const client = await open();
    expect(await as(who, () => seen(client.sendWithMeta('ctx.many', {})))).toEqual([
      ...of3,
      ...fine,
    ]);
  });

  test('errors of the handler', async () => {
    const client = await open();
    expect(await as(who, () => seen(client.send('ctx.error', {})))).toEqual(bad);
  });

  test('the end of an event', async () => {
    const client = await open();
    expect(await as(who, () => seen(client.emit('ctx.event', {})))).toEqual([
      `next ${who}`,
      ...fine,
    ]);
  });

  test('a refusal of the client', async () => {
    const client = await open({ maxPending: 1 });
    const first = client.send('ctx.never', {}).subscribe();
    expect(await as(who, () => seen(client.send('ctx.echo', 2)))).toEqual(bad);
    first.unsubscribe();
  });

  test('a deadline that passes, though another armed the timer', async () => {
    const client = await open();
    const record = new RedisStreamsRecordBuilder({}).setOptions({ timeout: 60 }).build();
    const ends = als.run('alice', () => seen(client.send('ctx.never', record)));
    expect(await as(who, () => seen(client.send('ctx.never', record)))).toEqual(bad);
    expect(await ends).toEqual(['error alice', 'finalize alice']);
  });

  test('a deadline that passes while Redis is away', async () => {
    const service = new TestService();
    const client = service.client({ ...away, timeout: 60 });
    const ends = als.run('alice', () => seen(client.send('ctx.echo', 1)));
    expect(await as(who, () => seen(client.send('ctx.echo', 2)))).toEqual(bad);
    expect(await as(who, () => seen(client.emit('ctx.echo', 2)))).toEqual(bad);
    expect(await ends).toEqual(['error alice', 'finalize alice']);
  });

  test('a signal that another fires', async () => {
    const client = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const record = new RedisStreamsRecordBuilder({}).setOptions({ signal }).build();
    const ends = as(who, () => seen(client.send('ctx.never', record)));
    als.run('alice', () => controller.abort());
    expect(await ends).toEqual(bad);
  });

  test('the end that closing makes', async () => {
    const client = await open();
    const ends = as(who, () => seen(client.send('ctx.never', {})));
    await als.run('alice', () => client.close());
    expect(await ends).toEqual(bad);
  });

  test('replies that a deserializer reads, and the deserializer itself', async () => {
    const readers: string[] = [];
    const serializer = { serialize: (packet: unknown) => packet };
    const deserializer = {
      deserialize: async (packet: unknown) => {
        await Promise.resolve();
        readers.push(als.getStore() ?? 'nobody');
        return packet;
      },
    };
    const service = new TestService();
    await service.serveModule({ controllers: [ContextController] }, { serializer });
    const client = service.client({ deserializer });
    await als.run('alice', () => firstValueFrom(client.send('ctx.echo', 1)));
    expect(await as(who, () => seen(client.send('ctx.many', {})))).toEqual([...of3, ...fine]);
    expect(new Set(readers)).toEqual(new Set(['alice', who]));
  });

  test('replies after a connection was lost', async () => {
    const client = await open();
    for (const connection of client.unwrap<{ disconnect(): void }[]>()) connection.disconnect();
    expect(await as(who, () => seen(client.send('ctx.echo', 1)))).toEqual([`next ${who}`, ...fine]);
  });
});

test('calls of many people in one turn do not mix', async () => {
  const client = await open();
  const names = Array.from({ length: 50 }, (_, i) => `person ${i}`);
  const found = await Promise.all(
    names.map((name) =>
      als.run(name, () =>
        lastValueFrom(
          client
            .send('ctx.echo', name)
            .pipe(switchMap((said) => of([said, als.getStore()] as const))),
        ),
      ),
    ),
  );
  expect(found).toEqual(names.map((name) => [name, name]));
});

test('a call that an operator makes is sent in the context of the subscriber', async () => {
  const service = new TestService();
  await service.serveModule({ controllers: [ContextController] });
  const client = service.client();
  // As a dispatch hook does it that sends the user along.
  const whoami = (proxy: ClientRedisStreams): Observable<string> =>
    new Observable((observer) =>
      proxy.send('ctx.echo', als.getStore() ?? 'nobody').subscribe(observer),
    );
  const chain = () =>
    lastValueFrom(client.send('ctx.echo', 1).pipe(switchMap(() => whoami(client))));
  expect(await als.run('alice', chain)).toBe('alice');
  expect(await als.run('bob', chain)).toBe('bob');
  expect(await chain()).toBe('nobody');
  const after = () =>
    lastValueFrom(
      concat(
        client.emit('ctx.event', 1),
        new Observable<string>((observer) => whoami(client).subscribe(observer)),
      ),
    );
  expect(await als.run('bob', after)).toBe('bob');
});

/** What the program says in the end. */
const isCount = (_message: unknown): _message is { begun: number; left: number } => true;

describe('trackers that keep something of each asynchronous resource', () => {
  // All files of the library, which takes a while on a busy machine.
  beforeAll(() => void builtLibrary(), 120_000);

  test('hear of the end of every call: nothing of it is kept', async () => {
    const count = 500;
    const options = { ...new TestService().address, whenNoConsumer: 'fail' };
    const child = new Forked({
      name: 'tracked',
      program: program('tracked'),
      args: [JSON.stringify({ library: builtLibrary(), options, count })],
      execArgv: ['--expose-gc'],
    });
    onTestFinished(async () => void (await child.kill()));
    const { begun, left } = await child.message(isCount, 25_000);
    expect(begun).toBe(count);
    expect(left).toBeLessThanOrEqual(count / 10);
  });
});
