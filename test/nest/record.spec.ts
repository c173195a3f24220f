import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  type RecordOptions,
  RedisStreamsRecord,
  RedisStreamsRecordBuilder,
  type RedisStreamsContext,
} from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, NEVER, type Observable } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

interface Facts {
  data: unknown;
  metadata: Record<string, string>;
  remaining: number;
}

@Controller()
class RecordController {
  readonly heard: unknown[] = [];

  @MessagePattern('record.facts')
  facts(@Payload() data: unknown, @Ctx() context: RedisStreamsContext): Facts {
    return { data, metadata: context.getMetadata(), remaining: context.remainingTime() };
  }

  @MessagePattern('record.never')
  never(): Observable<never> {
    return NEVER;
  }

  @EventPattern<string>('record.event')
  event(@Payload() data: unknown, @Ctx() context: RedisStreamsContext): void {
    this.heard.push([data, context.getMetadata()]);
  }
}

const record = (data: unknown) => new RedisStreamsRecordBuilder(data);

describe('N5 records', () => {
  test('the builder sets data and options and builds a record', () => {
    const options = { headers: { a: '1' }, timeout: 50 };
    const built = record('first').setData('second').setOptions(options).build();
    expect(built).toBeInstanceOf(RedisStreamsRecord);
    expect(built).toMatchObject({ data: 'second', options });
    expect(new RedisStreamsRecordBuilder().setData(1).build().data).toBe(1);
  });

  test('the handler gets the data, its context the headers', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [RecordController] });
    const built = record({ a: 1 })
      .setOptions({ headers: { lang: 'ü', n: '' } })
      .build();
    expect(await firstValueFrom(service.client().send('record.facts', built))).toMatchObject({
      data: { a: 1 },
      metadata: { lang: 'ü', n: '' },
    });
  });

  test('static headers, then the record’s, then the dispatch hook’s', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [RecordController] });
    const client = service.client({ headers: { a: 'static', b: 'static', c: 'static' } });
    client.setOnDispatchHook((packet) => {
      packet.metadata = { ...packet.metadata, c: 'hook', d: 'hook' };
    });
    const built = record(1)
      .setOptions({ headers: { b: 'record', c: 'record' } })
      .build();
    const facts = await firstValueFrom(client.send<Facts>('record.facts', built));
    expect(facts.metadata).toEqual({ a: 'static', b: 'record', c: 'hook', d: 'hook' });
  });

  test('static headers alone, on requests and events', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [RecordController] });
    const client = service.client({ headers: { app: 'shop' } });
    const facts = await firstValueFrom(client.send('record.facts', 'x'));
    expect(facts).toMatchObject({ data: 'x', metadata: { app: 'shop' } });
    client.emit('record.event', 'y');
    const { heard } = app.get(RecordController);
    await eventually(() => expect(heard).toEqual([['y', { app: 'shop' }]]));
  });

  test('events take records too', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [RecordController] });
    service.client().emit(
      'record.event',
      record([1])
        .setOptions({ headers: { k: 'v' } })
        .build(),
    );
    const { heard } = app.get(RecordController);
    await eventually(() => expect(heard).toEqual([[[1], { k: 'v' }]]));
  });

  test('M5 its timeout ends the call and reaches the handler', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [RecordController] }, { drainTimeout: 0 });
    const client = service.client();
    const patient = record(1).setOptions({ timeout: 20_000 }).build();
    const { remaining } = await firstValueFrom(client.send<Facts>('record.facts', patient));
    expect(remaining).toBeGreaterThan(15_000);
    expect(remaining).toBeLessThanOrEqual(20_000);

    const hasty = record(1).setOptions({ timeout: 1000 }).build();
    await expect(firstValueFrom(client.send('record.never', hasty))).rejects.toMatchObject({
      code: 'TIMEOUT',
      outcome: 'may-have-run',
    });
  });

  test('an AbortSignal cancels the call', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [RecordController] });
    const abort = new AbortController();
    const built = record(1).setOptions({ signal: abort.signal }).build();
    const call = firstValueFrom(service.client().send('record.never', built));
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('an unknown option is refused, certainly not run', async () => {
    const service = new TestService();
    const built = record(1)
      .setOptions({ timeuot: 5 } as object)
      .build();
    await expect(
      firstValueFrom(service.client().send('record.never', built)),
    ).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      outcome: 'not-run',
      message: expect.stringContaining('did you mean "timeout"'),
    });
  });

  test('an unknown option of an event is refused, certainly not stored', async () => {
    const built = record(1)
      .setOptions({ header: {} } as object)
      .build();
    const emitted = lastValueFrom(new TestService().client().emit('record.event', built));
    await expect(emitted).rejects.toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run' });
  });
});

describe('N5 records of events', () => {
  const emitted = (service: TestService, pattern: string, options: RecordOptions) =>
    lastValueFrom(service.client().emit(pattern, record(1).setOptions(options).build()));

  test.each([{ whenNoConsumer: 'fail' as const }, { idleTimeout: 50 }])(
    'refuse what has no meaning for them: %o',
    async (options) => {
      const service = new TestService();
      await expect(emitted(service, 'record.event', options)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        outcome: 'not-run',
        message: expect.stringContaining(Object.keys(options)[0]!),
      });
      expect(await service.length('record.event')).toBe(0);
    },
  );

  test('an AbortSignal that was aborted stores nothing', async () => {
    const service = new TestService();
    const signal = AbortSignal.abort();
    await expect(emitted(service, 'record.event', { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
      outcome: 'not-run',
    });
    expect(await service.length('record.event')).toBe(0);
  });

  test('an AbortSignal ends an event that waits for Redis: certainly not stored', async () => {
    const abort = new AbortController();
    const client = new TestService().client({ ...away });
    const built = record(1).setOptions({ signal: abort.signal }).build();
    const emitting = lastValueFrom(client.emit('record.event', built));
    setImmediate(() => abort.abort());
    await expect(emitting).rejects.toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
  });

  test('an AbortSignal changes nothing about an event that is stored, and is let go', async () => {
    const service = new TestService();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await emitted(service, 'record.event', { signal });
    expect(removed).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]![1]).toBe(added.mock.calls[0]![1]);
    expect(await service.length('record.event')).toBe(1);
  });

  test('atMostOnce travels with the event', async () => {
    const service = new TestService();
    await emitted(service, 'record.event', { atMostOnce: true });
    expect(await service.headerLines('record.event')).toEqual(['1 json - - 0 once']);
  });
});
