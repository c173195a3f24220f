import { Controller } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { RedisStreamsRecordBuilder, type RedisStreamsContext } from 'nestjs-redis-streams';
import { finalize, firstValueFrom, interval, type Observable } from 'rxjs';
import { PassThrough } from '../support/pass-through.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { watched } from '../support/watched.js';

@Controller()
class WorkController {
  readonly journal: string[] = [];
  private release: () => void = () => {};

  private watch({ signal }: RedisStreamsContext): void {
    signal.addEventListener('abort', () => this.journal.push((signal.reason as Error).name));
  }

  @MessagePattern('ticks')
  ticks(_data: unknown, @Ctx() context: RedisStreamsContext): Observable<number> {
    this.watch(context);
    return interval(2).pipe(finalize(() => this.journal.push('torn down')));
  }

  @MessagePattern('generated')
  async *generated(_data: unknown, @Ctx() context: RedisStreamsContext): AsyncGenerator<number> {
    this.watch(context);
    try {
      for (let i = 0; ; i++) {
        yield i;
        await new Promise((next) => setImmediate(next));
      }
    } finally {
      this.journal.push('torn down');
    }
  }

  /** Work that listens to its signal. */
  @MessagePattern('listens')
  async listens(_data: unknown, @Ctx() context: RedisStreamsContext): Promise<string> {
    this.journal.push('begun');
    this.watch(context);
    await new Promise((stop) => context.signal.addEventListener('abort', stop));
    return 'stopped';
  }

  @MessagePattern('busy')
  async busy(): Promise<void> {
    this.journal.push('busy');
    await new Promise<void>((resolve) => (this.release = resolve));
  }

  @MessagePattern('noted')
  noted(data: unknown): unknown {
    this.journal.push(`noted ${String(data)}`);
    return data;
  }

  free(): void {
    this.release();
  }
}

describe.each([
  ['without an interceptor', []],
  ['behind a global interceptor', [{ provide: APP_INTERCEPTOR, useClass: PassThrough }]],
])('%s', (_where, providers) => {
  const open = async (concurrency?: number) => {
    const service = new TestService();
    const limit = concurrency === undefined ? {} : { concurrency };
    const app = await service.serveModule({ controllers: [WorkController], providers }, limit);
    const connection = service.redis;
    const left = (pattern: string, entries: number) =>
      eventually(async () => expect(await connection.xlen(service.stream(pattern))).toBe(entries));
    const nothingLeft = (pattern: string) => left(pattern, 0);
    return { client: service.client(), controller: app.get(WorkController), nothingLeft, left };
  };

  const aborted = ['AbortError', 'torn down'];

  describe('X2 unsubscribing', () => {
    test.each(['ticks', 'generated'])(
      'tears down what the handler returned and aborts its signal: %s',
      async (pattern) => {
        const { client, controller, nothingLeft } = await open();
        const values: unknown[] = [];
        const subscription = client.send(pattern, {}).subscribe((value) => {
          values.push(value);
          if (values.length === 3) subscription.unsubscribe();
        });
        await eventually(() => expect(controller.journal.toSorted()).toEqual(aborted));
        expect(values).toEqual([0, 1, 2]);
        await nothingLeft(pattern);
      },
    );

    test('reaches a handler that returns a Promise through its signal', async () => {
      const { client, controller, nothingLeft } = await open();
      const subscription = client.send('listens', {}).subscribe();
      await eventually(() => expect(controller.journal).toEqual(['begun']));
      subscription.unsubscribe();
      await eventually(() => expect(controller.journal).toEqual(['begun', 'AbortError']));
      await nothingLeft('listens');
    });

    test('a call that no instance has begun never runs', async () => {
      const { client, controller, nothingLeft, left } = await open(1);
      const busy = watched(firstValueFrom(client.send('busy', {}), { defaultValue: 'free' }));
      await eventually(() => expect(controller.journal).toEqual(['busy']));
      const subscription = client.send('noted', 'unwanted').subscribe();
      const wanted = watched(firstValueFrom(client.send('noted', 'wanted')));
      await left('noted', 2);
      subscription.unsubscribe();
      await left('noted', 1);
      controller.free();
      expect(await busy).toBe('free');
      expect(await wanted).toBe('wanted');
      expect(controller.journal).toEqual(['busy', 'noted wanted']);
      await nothingLeft('noted');
    });

    test('in the same turn sends nothing', async () => {
      const { client, controller } = await open();
      await client.connect();
      client.send('noted', 'unwanted').subscribe().unsubscribe();
      expect(await firstValueFrom(client.send('noted', 'wanted'))).toBe('wanted');
      expect(controller.journal).toEqual(['noted wanted']);
    });
  });

  describe('an AbortSignal in the options of a record', () => {
    const withSignal = (signal: AbortSignal, data: unknown = {}) =>
      new RedisStreamsRecordBuilder(data).setOptions({ signal }).build();

    test('ends the call and stops its handler', async () => {
      const { client, controller, nothingLeft } = await open();
      const abort = new AbortController();
      const values: unknown[] = [];
      const call = new Promise((resolve) =>
        client.send('ticks', withSignal(abort.signal)).subscribe({
          next: (value) => {
            values.push(value);
            abort.abort();
          },
          error: resolve,
        }),
      );
      expect(await call).toMatchObject({ code: 'CANCELLED', outcome: 'may-have-run' });
      expect(values[0]).toBe(0);
      await eventually(() => expect(controller.journal.toSorted()).toEqual(aborted));
      await nothingLeft('ticks');
    });

    test('that was aborted before sends nothing', async () => {
      const { client, controller } = await open();
      const call = firstValueFrom(
        client.send('noted', withSignal(AbortSignal.abort(), 'unwanted')),
      );
      await expect(call).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
      expect(await firstValueFrom(client.send('noted', 'wanted'))).toBe('wanted');
      expect(controller.journal).toEqual(['noted wanted']);
    });

    test('that fires after the end does nothing', async () => {
      const { client, controller } = await open();
      const abort = new AbortController();
      const call = firstValueFrom(client.send('noted', withSignal(abort.signal, 'first')));
      expect(await call).toBe('first');
      abort.abort();
      expect(await firstValueFrom(client.send('noted', 'second'))).toBe('second');
      expect(controller.journal).toEqual(['noted first', 'noted second']);
    });
  });

  describe('the deadline of a call', () => {
    test('tears down the Observable of its handler', async () => {
      const { client, controller, nothingLeft } = await open();
      await client.connect();
      const record = new RedisStreamsRecordBuilder({}).setOptions({ timeout: 1000 }).build();
      const call = new Promise((resolve) =>
        client
          .send('ticks', record)
          .subscribe({ error: resolve, complete: () => resolve('ended') }),
      );
      expect(await call).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
      await eventually(() =>
        expect(controller.journal.toSorted()).toEqual([
          expect.stringMatching(/^(Timeout|Abort)Error$/),
          'torn down',
        ]),
      );
      await nothingLeft('ticks');
    });
  });
});
