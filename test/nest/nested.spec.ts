import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, type ClientProxy } from '@nestjs/microservices';
import { RedisStreamsRecordBuilder, type RedisStreamsContext } from 'nestjs-redis-streams';
import { concat, firstValueFrom, mergeMap, Observable, of } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

const story = new AsyncLocalStorage<string>();

@Controller()
class NestedController {
  readonly heard: unknown[] = [];

  constructor(@Inject('BACK') private readonly back: ClientProxy) {}

  @MessagePattern('left')
  left(_data: unknown, @Ctx() context: RedisStreamsContext): number {
    return context.remainingTime();
  }

  @MessagePattern('awaited')
  async awaited(): Promise<number> {
    return firstValueFrom(this.back.send('left', {}));
  }

  /** The second call is made where the reply of the first arrives. */
  @MessagePattern('chained')
  chained(): Observable<number> {
    return this.back.send('left', {}).pipe(mergeMap(() => this.back.send('left', {})));
  }

  /** Nothing was sent yet, so the handler is told and not torn down; what it does is its own affair. */
  @MessagePattern('hangs')
  hangs(_data: unknown, @Ctx() { signal }: RedisStreamsContext): Observable<unknown> {
    return this.back.send(
      'never',
      new RedisStreamsRecordBuilder({}).setOptions({ signal }).build(),
    );
  }

  @MessagePattern('streams')
  streams(): Observable<unknown> {
    return concat(of('first'), this.back.send('never', {}));
  }

  @MessagePattern('never')
  async never(_data: unknown, @Ctx() { signal }: RedisStreamsContext): Promise<void> {
    this.heard.push('begun');
    await new Promise((stop) => signal.addEventListener('abort', stop));
    this.heard.push('stopped');
  }

  @EventPattern<string>('event')
  async event(): Promise<void> {
    this.heard.push(await firstValueFrom(this.back.send('left', {})));
  }

  /** Its answer ends inside the context that it opened, and frees its slot there. */
  @MessagePattern('story', { concurrency: 1 })
  story(data: string): Observable<unknown> {
    const found = story.getStore() ?? 'nothing';
    return new Observable((observer) =>
      story.run(data, () => {
        setImmediate(() => {
          observer.next([data, found]);
          observer.complete();
        });
      }),
    );
  }
}

/** A service that calls itself through a client of its own, which connects in the first handler. */
const open = async () => {
  const service = new TestService();
  const back = { provide: 'BACK', useFactory: () => service.client() };
  const app = await service.serveModule({ controllers: [NestedController], providers: [back] });
  const client = await service.connected();
  const send = (pattern: string, timeout: number): Promise<number> => {
    const record = new RedisStreamsRecordBuilder({}).setOptions({ timeout }).build();
    return firstValueFrom(client.send<number>(pattern, record));
  };
  const inside: ClientProxy = app.get('BACK');
  return { client, inside, send, heard: app.get(NestedController).heard };
};

describe('M5 the time of a call that a handler makes', () => {
  test.each(['awaited', 'chained'])('is what is left of the handler’s own: %s', async (pattern) => {
    const { send } = await open();
    const left = await send(pattern, 10_000);
    expect(left).toBeGreaterThan(5_000);
    expect(left).toBeLessThanOrEqual(10_000);
  });

  test.each(['awaited', 'chained'])(
    'owes nothing to the handler that made the client connect: %s',
    async (pattern) => {
      const { send } = await open();
      const begun = performance.now();
      await send(pattern, 2_000);
      await eventually(() => expect(performance.now() - begun).toBeGreaterThan(2_100));
      expect(await send(pattern, 10_000)).toBeGreaterThan(5_000);
    },
  );

  test('nor does a call from outside through that client', async () => {
    const { inside, send } = await open();
    const begun = performance.now();
    await send('awaited', 2_000);
    await eventually(() => expect(performance.now() - begun).toBeGreaterThan(2_100));
    const left = () => inside.send<number>('left', {});
    expect(await firstValueFrom(left().pipe(mergeMap(left)))).toBeGreaterThan(20_000);
  });

  test('is the client’s in the handler of an event, which has no deadline', async () => {
    const { client, send, heard } = await open();
    await send('awaited', 5_000);
    client.emit('event', {});
    await eventually(() => expect(heard).toHaveLength(1));
    expect(heard[0]).toBeGreaterThan(20_000);
  });

  test.each([
    ['which its handler hands on through the signal', 'hangs'],
    ['which tears down a stream that has sent values', 'streams'],
  ])('ends when the call of the handler is cancelled, %s', async (_how, pattern) => {
    const { client, heard } = await open();
    const subscription = client.send(pattern, {}).subscribe();
    await eventually(() => expect(heard).toEqual(['begun']));
    subscription.unsubscribe();
    await eventually(() => expect(heard).toEqual(['begun', 'stopped']));
  });
});

test('a handler that waited for a slot finds nothing of the one that freed it', async () => {
  const { client } = await open();
  const names = Array.from({ length: 20 }, (_, i) => `call ${i}`);
  const answers = await Promise.all(
    names.map((name) => firstValueFrom(client.send('story', name))),
  );
  expect(answers).toEqual(names.map((name) => [name, 'nothing']));
});
