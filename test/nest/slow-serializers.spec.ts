import { Controller } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { EventPattern, IdentityDeserializer, MessagePattern } from '@nestjs/microservices';
import { IdentitySerializer } from '@nestjs/microservices/serializers/identity.serializer.js';
import { RedisStreamsRecordBuilder, type RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';
import { PassThrough } from '../support/pass-through.js';
import { watched } from '../support/watched.js';

@Controller()
class EchoController {
  readonly ran: unknown[] = [];

  @MessagePattern('echo')
  async echo(data: unknown): Promise<unknown> {
    this.ran.push(data);
    return data;
  }

  @EventPattern('heard')
  heard(data: unknown): void {
    this.ran.push(data);
  }
}

/** The client writes packets, so the service's deserializer is asked. */
const coded = { serializer: new IdentitySerializer(), deserializer: new IdentityDeserializer() };

/** A deserializer that waits with what is named `slow` until the gate is opened. */
function slowReading(gate: Gate) {
  const seen: unknown[] = [];
  const deserialize = async (packet: { data?: unknown }) => {
    seen.push(packet.data);
    if (packet.data === 'slow') await gate.opened;
    return packet;
  };
  return { seen, deserializer: { deserialize } };
}

/** A serializer that waits with replies of `slow` until the gate is opened. */
function slowWriting(gate: Gate) {
  const serialize = async (packet: { response?: unknown }) => {
    if (packet.response === 'slow') await gate.opened;
    return packet;
  };
  return { serialize };
}

const record = (data: unknown, options: { timeout?: number; idempotencyKey?: string }) =>
  new RedisStreamsRecordBuilder(data).setOptions(options).build();

async function open(options: RedisStreamsServerOptions, providers: object[] = []) {
  const service = new TestService();
  const app = await service.serveModule(
    { controllers: [EchoController], providers: providers as never },
    options,
  );
  const client = service.client(coded);
  await client.connect();
  return { service, app, client, ran: app.get(EchoController).ran };
}

describe('a deserializer of a service that takes its time', () => {
  const reading = async (options: RedisStreamsServerOptions = {}) => {
    const gate = new Gate();
    const { seen, deserializer } = slowReading(gate);
    return { gate, seen, ...(await open({ concurrency: 1, deserializer, ...options })) };
  };

  test('is under the deadline: the call ends, its slot is free, and no handler runs for it', async () => {
    const { client, gate, ran, service } = await reading();
    const call = firstValueFrom(client.send('echo', record('slow', { timeout: 200 })));
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
    // At once, and not after a grace: no handler runs that could be waited for.
    expect(await firstValueFrom(client.send('echo', record('next', { timeout: 4000 })))).toBe(
      'next',
    );
    gate.open();
    expect(await firstValueFrom(client.send('echo', 'last'))).toBe('last');
    expect(ran).toEqual(['next', 'last']);
    expect(await service.length('echo')).toBe(0);
  });

  test('is left when the caller gives up', async () => {
    const { client, gate, ran, seen, service } = await reading();
    const given = client.send('echo', 'slow').subscribe();
    await eventually(() => expect(seen).toEqual(['slow']));
    given.unsubscribe();
    await eventually(async () => expect(await service.length('echo')).toBe(0));
    gate.open();
    expect(await firstValueFrom(client.send('echo', 'next'))).toBe('next');
    expect(ran).toEqual(['next']);
  });

  test('is left by close(), and others run what it was busy with', async () => {
    const { service, app, client, gate, ran, seen } = await reading({ drainTimeout: 50 });
    const call = watched(firstValueFrom(client.send('echo', 'slow')));
    await eventually(() => expect(seen).toEqual(['slow']));
    await app.close();
    const heir = await service.serveModule(
      { controllers: [EchoController] },
      { deserializer: new IdentityDeserializer() },
    );
    expect(await call).toBe('slow');
    gate.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    expect(heir.get(EchoController).ran).toEqual(['slow']);
  });

  test('of an event is left by close() as well', async () => {
    const { service, app, client, gate, ran, seen } = await reading({ drainTimeout: 50 });
    await lastValueFrom(client.emit('heard', 'slow'), { defaultValue: undefined });
    await eventually(() => expect(seen).toEqual(['slow']));
    await app.close();
    gate.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    expect(await service.pending('heard')).toBe(1);
  });
});

describe.each([
  ['without an interceptor', []],
  ['behind an interceptor', [{ provide: APP_INTERCEPTOR, useClass: PassThrough }]],
])('a serializer of a service that takes its time, %s,', (_where, providers) => {
  test('is under the deadline, and what it writes late belongs to the idempotency key', async () => {
    const gate = new Gate();
    const { client, ran } = await open({ serializer: slowWriting(gate) }, providers);
    const key = { idempotencyKey: 'order-7' };
    const call = firstValueFrom(client.send('echo', record('slow', { ...key, timeout: 1500 })));
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
    gate.open();
    expect(await firstValueFrom(client.send('echo', record('slow', key)))).toBe('slow');
    expect(ran).toEqual(['slow']);
  });

  test('does not hold close() up', async () => {
    const options = { serializer: slowWriting(new Gate()), drainTimeout: 50 };
    const { app, client, ran } = await open(options, providers);
    const call = firstValueFrom(client.send('echo', record('slow', { timeout: 1000 })));
    const ended = call.catch((error: unknown) => error);
    await eventually(() => expect(ran).toEqual(['slow']));
    await app.close();
    expect(await ended).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
  });
});
