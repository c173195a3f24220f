import { inspect } from 'node:util';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, RpcException } from '@nestjs/microservices';
import {
  RedisStreamsError,
  RedisStreamsRecordBuilder,
  type RedisStreamsContext,
} from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';

// The id by which a caller's log and a service's log are joined is the same text on both sides.

@Controller()
class IdController {
  readonly seen: (string | undefined)[] = [];

  @MessagePattern('id.own')
  own(_data: unknown, @Ctx() context: RedisStreamsContext): string | undefined {
    this.seen.push(context.getCallId());
    return context.getCallId();
  }

  @MessagePattern('id.error')
  error(_data: unknown, @Ctx() context: RedisStreamsContext): never {
    this.seen.push(context.getCallId());
    throw new RpcException({ code: 'E_MINE' });
  }

  @MessagePattern('id.never')
  never(_data: unknown, @Ctx() context: RedisStreamsContext): Promise<never> {
    this.seen.push(context.getCallId());
    return new Promise(() => undefined);
  }
}

const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );

async function open() {
  const service = new TestService();
  // Calls of `id.never` do not end.
  const app = await service.serveModule({ controllers: [IdController] }, { drainTimeout: 0 });
  return { client: service.client(), seen: app.get(IdController).seen };
}

describe('the id of a call is the same on both sides', () => {
  test('with a value of sendWithMeta', async () => {
    const { client } = await open();
    const [one, other] = await Promise.all(
      [1, 2].map(() => firstValueFrom(client.sendWithMeta<string>('id.own', {}))),
    );
    expect(one!.callId).toMatch(/^[\w-]{22}\/\d+$/);
    expect(one!.callId).toBe(one!.value);
    expect(other!.callId).toBe(other!.value);
    expect(other!.callId).not.toBe(one!.callId);
  });

  test('in an error of the transport', async () => {
    const { client, seen } = await open();
    // The deadline is meant for the call, not for connecting.
    await client.connect();
    const record = new RedisStreamsRecordBuilder({}).setOptions({ timeout: 1500 }).build();
    const error = (await reasonOf(
      firstValueFrom(client.send('id.never', record)),
    )) as RedisStreamsError;
    expect(seen).toEqual([error.callId]);
    expect(RedisStreamsError.callIdOf(error)).toBe(error.callId);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ callId: error.callId });
    expect(inspect(error)).toContain(error.callId);
  });

  test('with an error of the handler, which is passed on as it was sent', async () => {
    const { client, seen } = await open();
    const error = await reasonOf(firstValueFrom(client.send('id.error', {})));
    expect(error).toStrictEqual({ code: 'E_MINE' });
    expect(seen).toEqual([RedisStreamsError.callIdOf(error)]);
  });

  test('with an error that a serializer wrote and a deserializer read', async () => {
    const service = new TestService();
    const serializer = { serialize: (packet: unknown) => packet };
    const deserializer = { deserialize: (packet: never) => packet };
    const app = await service.serveModule({ controllers: [IdController] }, { serializer });
    const error = await reasonOf(
      firstValueFrom(service.client({ deserializer }).send('id.error', {})),
    );
    await eventually(() =>
      expect(app.get(IdController).seen).toEqual([RedisStreamsError.callIdOf(error)]),
    );
  });

  test('in the error of a call that was refused or never left', async () => {
    const client = new TestService().client({ ...away, maxPending: 1, timeout: 50 });
    const errors = await Promise.all(
      [1, 2].map(() => reasonOf(firstValueFrom(client.send('id.own', {})))),
    );
    const ids = errors.map((error) => RedisStreamsError.callIdOf(error));
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}\/\d+$/);
    expect(new Set(ids).size).toBe(2);
  });

  test('what has no call has no id', () => {
    expect(RedisStreamsError.callIdOf(new RedisStreamsError('TIMEOUT', 'x'))).toBeUndefined();
    for (const other of [undefined, null, 'text', 5, {}, new Error('x')]) {
      expect(RedisStreamsError.callIdOf(other)).toBeUndefined();
    }
  });
});
