import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import type { RedisStreamsContext, RedisStreamsError } from 'nestjs-redis-streams';
import { firstValueFrom, from, type Observable, toArray } from 'rxjs';
import { TestService } from '../support/test-service.js';

@Controller()
class MetaController {
  @MessagePattern('meta.consumer')
  consumer(@Ctx() context: RedisStreamsContext): string {
    return context.getConsumer();
  }

  @MessagePattern('meta.many')
  many(): Observable<string> {
    return from(['a', 'b']);
  }

  @MessagePattern('meta.gaps')
  gaps(@Ctx() context: RedisStreamsContext): Observable<unknown> {
    context.setReplyHeaders({ lang: 'en' });
    return from([1, undefined, null, 2]);
  }

  @MessagePattern('meta.set')
  set(
    @Payload() headers: [string, string][],
    @Ctx() context: RedisStreamsContext,
  ): RedisStreamsError | null {
    context.setReplyHeaders({ kept: 'yes' });
    const entries = Object.create(null) as Record<string, string>;
    for (const [name, value] of headers) entries[name] = value;
    try {
      context.setReplyHeaders(entries);
    } catch (error) {
      return error as RedisStreamsError;
    }
    return null;
  }

  @MessagePattern('meta.error')
  error(): never {
    throw new RpcException('failed');
  }
}

describe('R4 sendWithMeta', () => {
  test('tells which instance answered, at which delivery', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const answer = await firstValueFrom(service.client().sendWithMeta<string>('meta.consumer', {}));
    expect(answer).toEqual({
      value: expect.any(String),
      headers: {},
      instance: answer.value,
      deliveryCount: 1,
      callId: expect.any(String),
    });
  });

  test('for every value', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const values = await firstValueFrom(
      service.client().sendWithMeta<string>('meta.many', {}).pipe(toArray()),
    );
    expect(values.map(({ value }) => value)).toEqual(['a', 'b']);
    expect(new Set(values.map(({ instance }) => instance)).size).toBe(1);
  });

  test.each([
    ['a name that would set a prototype', [['__proto__', 'x']], 'called "__proto__"'],
    ['an empty name', [['', 'x']], 'called ""'],
    ['a value that is no text', [['n', 5]], 'is not a string'],
    ['more than a frame should hold', [['n', 'x'.repeat(16_384)]], 'at most 16384 characters'],
  ])('headers of a reply are refused: %s', async (_, headers, reason) => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const answer = await firstValueFrom(service.client().sendWithMeta('meta.set', headers));
    expect(answer).toMatchObject({
      value: { code: 'INVALID_MESSAGE', message: expect.stringContaining(reason) as unknown },
      headers: { kept: 'yes' },
    });
  });

  test('headers of a reply are taken back', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const answer = await firstValueFrom(service.client().sendWithMeta('meta.set', []));
    expect(answer).toMatchObject({ value: null, headers: {} });
  });

  test('headers leave undefined what it is, and null too', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const values = await firstValueFrom(
      service.client().sendWithMeta('meta.gaps', {}).pipe(toArray()),
    );
    expect(values.map(({ value }) => value)).toStrictEqual([1, undefined, null, 2]);
    for (const { headers } of values) expect(headers).toEqual({ lang: 'en' });
  });

  test('two instances are told apart', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    await service.serveModule({ controllers: [MetaController] });
    const client = service.client();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => firstValueFrom(client.sendWithMeta('meta.consumer', {}))),
    );
    for (const { value, instance } of answers) expect(instance).toBe(value);
    expect(new Set(answers.map(({ instance }) => instance)).size).toBe(2);
  });

  test('errors pass as from send', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [MetaController] });
    const call = firstValueFrom(service.client().sendWithMeta('meta.error', {}));
    await expect(call).rejects.toEqual({ status: 'error', message: 'failed' });
  });
});
