import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { msgpack } from 'nestjs-redis-streams/msgpack';
import { DeadLetter, RedisStreamsRecordBuilder } from 'nestjs-redis-streams';
import { DeadLetters } from 'nestjs-redis-streams/dead-letters';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { TestService } from '../support/test-service.js';

@Controller()
class EchoController {
  readonly heard: unknown[] = [];
  calls = 0;
  broken = false;

  @MessagePattern('codec.echo')
  echo(@Payload() data: unknown): unknown {
    this.calls++;
    return data;
  }

  @MessagePattern('codec.many')
  many(): unknown {
    return of(1n, undefined, new Date(0));
  }

  @MessagePattern('codec.fail')
  fail(): never {
    throw new RpcException({ code: 'E', at: new Date(5), seen: new Set([1n]) });
  }

  @EventPattern('codec.event')
  event(data: unknown): void {
    if (this.broken) throw new DeadLetter('not now');
    this.heard.push(data);
  }
}

const controllers = [EchoController];
const value = {
  at: new Date(1),
  bytes: Buffer.from([0, 255]),
  big: 2n ** 70n,
  map: new Map([[new Date(2), [undefined]]]),
  set: new Set(['ü']),
};

describe('both sides speak MessagePack', () => {
  test('requests, streams, errors and events carry rich values', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers }, msgpack());
    const client = service.client(msgpack());
    const { heard } = app.get(EchoController);

    expect(await firstValueFrom(client.send('codec.echo', value))).toStrictEqual(value);
    expect(await firstValueFrom(client.send('codec.many', []).pipe(toArray()))).toStrictEqual([
      1n,
      undefined,
      new Date(0),
    ]);
    await expect(firstValueFrom(client.send('codec.fail', []))).rejects.toStrictEqual({
      code: 'E',
      at: new Date(5),
      seen: new Set([1n]),
    });
    await lastValueFrom(client.emit('codec.event', value), { defaultValue: undefined });
    await eventually(() => expect(heard).toStrictEqual([value]));
  });

  test('a stored result is given again', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers }, msgpack());
    const client = service.client(msgpack());
    const call = (): Promise<unknown> => {
      const record = new RedisStreamsRecordBuilder(value).setOptions({ idempotencyKey: 'one' });
      return firstValueFrom(client.send('codec.echo', record.build()));
    };
    expect(await call()).toStrictEqual(value);
    expect(await call()).toStrictEqual(value);
    expect(app.get(EchoController).calls).toBe(1);
  });

  test('what cannot be carried fails its own call', async () => {
    const service = new TestService();
    await service.serveModule({ controllers }, msgpack());
    const call = firstValueFrom(service.client(msgpack()).send('codec.echo', [() => 1]));
    await expect(call).rejects.toMatchObject({ code: 'INVALID_MESSAGE', outcome: 'not-run' });
  });
});

/** A codec of somebody's own that has a name. */
const named = (codec: string) => ({
  serializer: { codec, serialize: (packet: unknown) => JSON.stringify(packet) },
  deserializer: { codec, deserialize: (text: unknown) => JSON.parse(String(text)) as unknown },
});
const { serializer, deserializer } = named('none');
/** Nest's way: nothing is said about the form. */
const unnamed = {
  serializer: { serialize: serializer.serialize },
  deserializer: { deserialize: deserializer.deserialize },
};

describe('a codec that the other side does not read', () => {
  test.each([
    ['MessagePack, and the service reads JSON', msgpack(), {}, /with msgpack, .*no named codec/],
    ['JSON, and the service speaks MessagePack', {}, msgpack(), /with plain JSON, .*reads msgpack/],
    ['another one', named('own'), msgpack(), /with own, .*reads msgpack/],
    ['another one, the other way round', msgpack(), named('own'), /with msgpack, .*reads own/],
    ['one without a name', unnamed, msgpack(), /unnamed codec, .*reads msgpack/],
  ])('is refused before the handler runs: %s', async (_name, client, server, told) => {
    const service = new TestService();
    const app = await service.serveModule({ controllers }, server);
    const error: unknown = await firstValueFrom(
      service.client(client).send('codec.echo', 'x'),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CODEC_MISMATCH', outcome: 'not-run', retryable: false });
    expect((error as Error).message).toMatch(told);
    expect(app.get(EchoController).calls).toBe(0);
  });

  test('in a reply fails the call, and says that its handler has run', async () => {
    const service = new TestService();
    const app = await service.serveModule(
      { controllers },
      { ...unnamed, serializer: msgpack().serializer },
    );
    const error: unknown = await firstValueFrom(
      service.client(unnamed).send('codec.echo', 'x'),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CODEC_MISMATCH', outcome: 'may-have-run' });
    expect((error as Error).message).toMatch(/with msgpack, .*no named codec/);
    expect(app.get(EchoController).calls).toBe(1);
  });

  test('does not keep an event in JSON from being read: no caller waits for a reply', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers }, msgpack());
    service.client().emit('codec.event', 'plain');
    await eventually(() => expect(app.get(EchoController).heard).toEqual(['plain']));
  });

  test('makes a dead letter of an event that cannot be read', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers });
    const unreadable = service.client(msgpack());
    await lastValueFrom(unreadable.emit('codec.event', 1), { defaultValue: undefined });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      { reason: 'malformed', error: expect.stringContaining('with msgpack') },
    ]);
    expect(app.get(EchoController).heard).toEqual([]);
  });
});

test('a dead letter keeps its codec when it is replayed', async () => {
  const service = new TestService();
  const controller = (await service.serveModule({ controllers }, msgpack())).get(EchoController);
  const letters = closing(new DeadLetters({ ...service.address, group: 'service' }));
  controller.broken = true;
  service.client(msgpack()).emit('codec.event', value);
  await eventually(async () => expect(await letters.count()).toBe(1));
  const [letter] = (await letters.page()).letters;
  expect(letter).toMatchObject({ codec: 'b64:msgpack', data: undefined });
  controller.broken = false;
  await letters.replay(letter!.id);
  await eventually(() => expect(controller.heard).toStrictEqual([value]));
});

test.each(['', 'With Space', 'x'.repeat(33), 5])('a codec cannot be named %j', (codec) => {
  const { serialize } = unnamed.serializer;
  const options = { serializer: { codec: codec as string, serialize } };
  expect(() => new TestService().client(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  );
});
