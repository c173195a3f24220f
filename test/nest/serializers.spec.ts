import { Controller } from '@nestjs/common';
import {
  Ctx,
  EventPattern,
  IdentityDeserializer,
  IncomingRequestDeserializer,
  IncomingResponseDeserializer,
  MessagePattern,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import { IdentitySerializer } from '@nestjs/microservices/serializers/identity.serializer.js';
import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

@Controller()
class CodedController {
  readonly heard: unknown[] = [];

  @MessagePattern('coded.echo')
  echo(@Payload() data: unknown, @Ctx() context: RedisStreamsContext): unknown {
    return { data, header: context.getMetadata()['x-kind'] ?? 'none' };
  }

  @MessagePattern('coded.many')
  many(): unknown {
    return of('a', 'b');
  }

  @MessagePattern('coded.error')
  error(): never {
    throw new RpcException({ code: 'E_CODED' });
  }

  @EventPattern('coded.event')
  event(data: unknown): void {
    this.heard.push(data);
  }
}

/** Slow on purpose, and not JSON: whoever forgets to wait or to decode is found out. */
const coded = () => ({
  serializer: {
    serialize: vi.fn(async (packet: unknown) => {
      await new Promise((next) => setImmediate(next));
      return Buffer.from(JSON.stringify(packet)).toString('base64');
    }),
  },
  deserializer: {
    deserialize: vi.fn(async (text: string, _options?: { channel?: string }) => {
      await new Promise((next) => setImmediate(next));
      return JSON.parse(Buffer.from(text, 'base64').toString());
    }),
  },
});

const plain = [
  ['none', {}, {}],
  [
    'Nest’s own classes',
    { serializer: new IdentitySerializer(), deserializer: new IncomingRequestDeserializer() },
    { serializer: new IdentitySerializer(), deserializer: new IncomingResponseDeserializer() },
  ],
  [
    'Nest’s identity classes',
    { serializer: new IdentitySerializer(), deserializer: new IdentityDeserializer() },
    { serializer: new IdentitySerializer(), deserializer: new IdentityDeserializer() },
  ],
  ['asynchronous ones of a user', coded(), coded()],
] as const;

describe.each(plain)('N7 serializers: %s', (_name, server, client) => {
  test('request, stream, error, event and headers pass unchanged', async () => {
    const service = new TestService();
    const app = await service.serveModule({ controllers: [CodedController] }, server);
    const caller = service.client({ ...client, headers: { 'x-kind': 'static' } });

    expect(await firstValueFrom(caller.send('coded.echo', { pattern: 'p', data: 1 }))).toEqual({
      data: { pattern: 'p', data: 1 },
      header: 'static',
    });
    expect(await firstValueFrom(caller.send('coded.many', {}).pipe(toArray()))).toEqual(['a', 'b']);
    await expect(firstValueFrom(caller.send('coded.error', {}))).rejects.toEqual({
      code: 'E_CODED',
    });
    caller.emit('coded.event', [1, 2]);
    const { heard } = app.get(CodedController);
    await eventually(() => expect(heard).toEqual([[1, 2]]));
  });
});

describe('N7 what a serializer is given', () => {
  test('requests and replies as the packets of Nest', async () => {
    const service = new TestService();
    const [server, client] = [coded(), coded()];
    await service.serveModule({ controllers: [CodedController] }, server);
    await firstValueFrom(service.client(client).send('coded.echo', 7));

    expect(client.serializer.serialize.mock.calls[0]![0]).toEqual({
      pattern: 'coded.echo',
      data: 7,
    });
    expect(server.deserializer.deserialize.mock.calls[0]![1]).toMatchObject({
      channel: 'coded.echo',
    });
    expect(server.serializer.serialize.mock.calls[0]![0]).toMatchObject({
      id: expect.any(String),
      response: { data: 7, header: 'none' },
      isDisposed: true,
    });
  });

  test('what it makes is what the entry holds', async () => {
    const service = new TestService();
    const client = service.client(coded());
    await lastValueFrom(client.emit('coded.event', 'kept'), { defaultValue: undefined });

    const [entry] = await service.redis.xrange(`{${service.prefix}}:s:coded.event`, '-', '+');
    const fields = entry![1];
    const text = fields[fields.indexOf('d') + 1]!;
    expect(JSON.parse(Buffer.from(text, 'base64').toString())).toEqual({
      pattern: 'coded.event',
      data: 'kept',
    });
  });

  test('one that fails fails its own call', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [CodedController] });
    const serialize = vi.fn(({ data }: { pattern: unknown; data: unknown }) => {
      if (data === 'bad') throw new Error('not this one');
      return { pattern: 'coded.echo', data };
    });
    const client = service.client({ serializer: { serialize } });
    const [bad, good] = await Promise.allSettled(
      ['bad', 'good'].map((data) => firstValueFrom(client.send('coded.echo', data))),
    );
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_MESSAGE' } });
    expect(good).toMatchObject({ status: 'fulfilled' });
  });

  test('one that fails on a later value ends the stream behind the earlier ones', async () => {
    const service = new TestService();
    let earlier = (): void => {};
    const slow = new Promise<void>((resolve) => (earlier = resolve));
    const serialize = vi.fn(async (packet: { response?: unknown }) => {
      if (packet.response === 'b') {
        // In a turn of its own: whoever does not listen yet has missed it.
        setImmediate(earlier);
        throw new Error('not b');
      }
      await slow;
      return packet;
    });
    await service.serveModule({ controllers: [CodedController] }, { serializer: { serialize } });
    const values: unknown[] = [];
    const error = await new Promise((resolve) =>
      service
        .client()
        .send('coded.many', {})
        .subscribe({ next: (v) => values.push(v), error: resolve }),
    );
    expect(error).toMatchObject({ code: 'INVALID_MESSAGE', outcome: 'may-have-run' });
    expect(values).toEqual(['a']);
  });

  test('a deserializer that fails on a later value does too', async () => {
    const service = new TestService();
    await service.serveModule({ controllers: [CodedController] }, coded());
    const { serializer } = coded();
    let earlier = (): void => {};
    const slow = new Promise<void>((resolve) => (earlier = resolve));
    const deserialize = async (text: string): Promise<unknown> => {
      const packet = JSON.parse(Buffer.from(text, 'base64').toString()) as { response?: unknown };
      if (packet.response === 'b') {
        setImmediate(earlier);
        throw new Error('not b');
      }
      await slow;
      return packet;
    };
    const client = service.client({ serializer, deserializer: { deserialize } });
    const values: unknown[] = [];
    const error = await new Promise((resolve) =>
      client.send('coded.many', {}).subscribe({ next: (v) => values.push(v), error: resolve }),
    );
    expect(error).toMatchObject({ code: 'INVALID_MESSAGE', outcome: 'may-have-run' });
    expect(values).toEqual(['a']);
  });
});
