import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  DeadLetter,
  RetryLater,
  type RedisStreamsContext,
  RedisStreamsError,
} from 'nestjs-redis-streams';
import {
  concat,
  firstValueFrom,
  lastValueFrom,
  of,
  throwError,
  toArray,
  type Observable,
} from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

@Controller()
class MessagesController {
  readonly runs: [attempts: number, deliveries: number, id: string][] = [];
  letters = 0;

  private note(context: RedisStreamsContext): number {
    const attempts = context.getFailedAttempts();
    this.runs.push([attempts, context.getDeliveryCount(), context.getMessageId()]);
    return attempts;
  }

  @MessagePattern('later')
  later(@Payload('failures') failures: number, @Ctx() context: RedisStreamsContext): string {
    if (this.note(context) < failures) throw new RetryLater(5);
    return 'at last';
  }

  @MessagePattern('later.stream')
  laterStream(@Payload('failures') failures: number, @Ctx() context: RedisStreamsContext) {
    return this.note(context) < failures ? throwError(() => new RetryLater(5)) : of('a', 'b');
  }

  @MessagePattern('later.too-late')
  tooLate(): Observable<unknown> {
    return concat(
      of('begun'),
      throwError(() => new RetryLater(5)),
    );
  }

  @MessagePattern('letter')
  letter(): never {
    this.letters++;
    throw new DeadLetter('no such order');
  }

  @MessagePattern('policy', { retry: { attempts: 2, delay: 5, jitter: 0 } })
  policy(_data: unknown, @Ctx() context: RedisStreamsContext): never {
    throw new RpcException({ code: 'E_POLICY', attempt: this.note(context) });
  }

  @MessagePattern('request')
  request(_data: unknown, @Ctx() context: RedisStreamsContext): unknown[] {
    const refusals = [() => context.ack(), () => context.retry(), () => context.deadLetter()];
    return refusals.map((refused) => {
      try {
        return refused();
      } catch (error) {
        return RedisStreamsError.isRedisStreamsError(error) && error.code;
      }
    });
  }
}

@Controller()
class EventsController {
  readonly runs: string[] = [];

  @EventPattern<string>('later')
  later(@Payload('failures') failures: number, @Ctx() context: RedisStreamsContext): void {
    this.runs.push(`later ${context.getFailedAttempts()}`);
    if (context.getFailedAttempts() < failures) throw new RetryLater(5);
  }

  @EventPattern<string>('letter')
  letter(): void {
    this.runs.push('letter');
    throw new DeadLetter('nothing to do');
  }

  @EventPattern<string>('ctx.ack')
  ack(_data: unknown, @Ctx() context: RedisStreamsContext): void {
    this.runs.push('ack');
    context.ack();
    throw new Error('what comes after the acknowledgement does not count');
  }

  @EventPattern<string>('ctx.retry')
  retry(@Payload('failures') failures: number, @Ctx() context: RedisStreamsContext): void {
    this.runs.push(`retry ${context.getFailedAttempts()}`);
    if (context.getFailedAttempts() < failures) context.retry(5);
  }

  @EventPattern<string>('ctx.dead')
  dead(_data: unknown, @Ctx() context: RedisStreamsContext): void {
    this.runs.push('dead');
    context.deadLetter('by hand');
  }

  @EventPattern<string>('ctx.wrong')
  wrong(_data: unknown, @Ctx() context: RedisStreamsContext): void {
    try {
      context.retry(-1);
    } catch (error) {
      this.runs.push((error as RedisStreamsError).code);
    }
  }

  @EventPattern<string>('mark')
  mark(): void {
    this.runs.push('mark');
  }
}

describe('RetryLater and DeadLetter in a message handler', () => {
  const open = async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [MessagesController] });
    return { service, client: service.client(), controller: app.get(MessagesController) };
  };

  test('RetryLater runs it again, as the same entry, and the caller gets the answer', async () => {
    const { client, controller } = await open();
    expect(await firstValueFrom(client.send('later', { failures: 2 }))).toBe('at last');
    const id = controller.runs[0]![2];
    expect(controller.runs).toEqual([
      [0, 1, id],
      [1, 1, id],
      [2, 1, id],
    ]);
  });

  test('RetryLater from an Observable', async () => {
    const { client, controller } = await open();
    const values = client.send('later.stream', { failures: 1 }).pipe(toArray());
    expect(await firstValueFrom(values)).toEqual(['a', 'b']);
    expect(controller.runs).toHaveLength(2);
  });

  test('RetryLater behind a value is an error: what was sent cannot be taken back', async () => {
    const { client } = await open();
    const values: unknown[] = [];
    const call = new Promise((resolve) =>
      client.send('later.too-late', {}).subscribe({ next: (v) => values.push(v), error: resolve }),
    );
    expect(await call).toEqual({ status: 'error', message: 'Retry in 5 ms' });
    expect(values).toEqual(['begun']);
  });

  test('RetryLater beyond the attempts: a dead letter, and the caller is told', async () => {
    const { service, client, controller } = await open();
    await expect(firstValueFrom(client.send('later', { failures: 99 }))).rejects.toMatchObject({
      code: 'DEAD_LETTERED',
      outcome: 'may-have-run',
      message: expect.stringContaining('3 attempts'),
    });
    expect(controller.runs).toHaveLength(3);
    expect(await service.deadLetters()).toMatchObject([
      { pattern: 'later', reason: 'attempts', attempts: '3', d: '{"failures":99}' },
    ]);
  });

  test('DeadLetter: at once, with its reason', async () => {
    const { service, client, controller } = await open();
    await expect(firstValueFrom(client.send('letter', {}))).rejects.toMatchObject({
      code: 'DEAD_LETTERED',
      outcome: 'may-have-run',
      message: expect.stringContaining('no such order'),
    });
    expect(controller.letters).toBe(1);
    expect(await service.deadLetters()).toMatchObject([
      { pattern: 'letter', reason: 'handler', error: 'no such order', attempts: '1' },
    ]);
    expect(await service.redis.xlen(service.stream('letter'))).toBe(0);
  });

  test('a retry policy: the caller gets what the last attempt threw', async () => {
    const { service, client, controller } = await open();
    await expect(firstValueFrom(client.send('policy', {}))).rejects.toEqual({
      code: 'E_POLICY',
      attempt: 1,
    });
    expect(controller.runs).toHaveLength(2);
    expect(await service.deadLetters()).toMatchObject([{ pattern: 'policy', reason: 'attempts' }]);
  });

  test('ack, retry and deadLetter of its context are refused', async () => {
    const { client } = await open();
    expect(await firstValueFrom(client.send('request', {}))).toEqual([
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
      'INVALID_MESSAGE',
    ]);
  });
});

describe('RetryLater, DeadLetter and the context in an event handler', () => {
  const open = async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [EventsController] });
    const { runs } = app.get(EventsController);
    const acknowledged = (pattern: string) =>
      eventually(async () => expect(await service.pending(pattern)).toBe(0));
    return { service, client: service.client(), runs, acknowledged };
  };

  test('RetryLater runs it again', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('later', { failures: 2 });
    await eventually(() => expect(runs).toEqual(['later 0', 'later 1', 'later 2']));
    await acknowledged('later');
    expect(await service.deadLetters()).toEqual([]);
  });

  test('RetryLater beyond the attempts', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('later', { failures: 99 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(runs).toEqual(['later 0', 'later 1', 'later 2']);
    await acknowledged('later');
  });

  test('DeadLetter: at once', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('letter', { a: 1 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      { reason: 'handler', error: 'nothing to do', d: '{"a":1}' },
    ]);
    expect(runs).toEqual(['letter']);
    await acknowledged('letter');
  });

  test('ctx.ack() is the end, whatever follows', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('ctx.ack', {});
    await eventually(() => expect(runs).toEqual(['ack']));
    await acknowledged('ctx.ack');
    await lastValueFrom(client.emit('mark', {}), { defaultValue: undefined });
    await eventually(() => expect(runs).toEqual(['ack', 'mark']));
    expect(await service.deadLetters()).toEqual([]);
  });

  test('ctx.retry() runs it again, within the attempts', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('ctx.retry', { failures: 1 });
    await eventually(() => expect(runs).toEqual(['retry 0', 'retry 1']));
    await acknowledged('ctx.retry');
    client.emit('ctx.retry', { failures: 99 });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(runs.slice(2)).toEqual(['retry 0', 'retry 1', 'retry 2']);
  });

  test('ctx.deadLetter()', async () => {
    const { service, client, runs, acknowledged } = await open();
    client.emit('ctx.dead', {});
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([{ reason: 'handler', error: 'by hand' }]);
    expect(runs).toEqual(['dead']);
    await acknowledged('ctx.dead');
  });

  test('ctx.retry() takes no impossible delay', async () => {
    const { client, runs } = await open();
    client.emit('ctx.wrong', {});
    await eventually(() => expect(runs).toEqual(['INVALID_OPTION']));
  });
});
