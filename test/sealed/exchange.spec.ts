// What sealed services and clients do together, in every way to prove.
import { msgpack } from 'nestjs-redis-streams/msgpack';
import { RedisStreamsRecord, RetryLater } from 'nestjs-redis-streams';
import { sealed, type SealedOptions } from 'nestjs-redis-streams/sealed';
import { RpcException } from '@nestjs/microservices';
import { Registry } from 'prom-client';
import { instrumentRedisStreams } from 'nestjs-redis-streams/prometheus';
import type { GivenHandler, Handlers } from '../support/handlers.js';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { orders, pairs, secretKey, shop } from './keys.js';

const ed = pairs();
const ways: readonly [string, SealedOptions, SealedOptions, string][] = [
  ['AES-256-GCM', orders, shop, 'gcm'],
  ['hidden headers', { ...orders, headers: true }, { ...shop, headers: true }, 'gcm'],
  ['HMAC', { ...orders, mode: 'sign' }, { ...shop, mode: 'sign' }, 'hmac'],
  ['Ed25519', ed.service, ed.client, 'ed25519'],
  ['MessagePack inside', { ...orders, codec: msgpack() }, { ...shop, codec: msgpack() }, 'gcm'],
];

describe.each(ways)('%s', (_, serving, calling, proof) => {
  test('carries requests, streams, errors and events, and proves who calls', async () => {
    const service = new TestService();
    const heard: unknown[] = [];
    await service.serve(
      {
        messages: {
          echo: (data, context) => ({
            data,
            caller: context.getCaller(),
            told: context.getMetadata(),
          }),
          many: () => of('one', 'two', 'three'),
          fail: () => Promise.reject(new RpcException({ why: 'because' })),
        },
      },
      sealed(serving),
    );
    await service.serve(
      { events: { placed: (data) => void heard.push(data) } },
      { ...sealed(serving), group: 'audit' },
    );
    const client = service.client(sealed(calling));

    const record = new RedisStreamsRecord({ a: 'ü' }, { headers: { user: 'me', 2: 'two' } });
    const { caller, data, told } = await firstValueFrom(client.send('echo', record));
    expect(data).toEqual({ a: 'ü' });
    expect(told).toEqual({ user: 'me', 2: 'two' });
    expect(caller).toMatchObject({ name: 'shop', proof });
    expect(await firstValueFrom(client.send('many', 1).pipe(toArray()))).toEqual([
      'one',
      'two',
      'three',
    ]);
    await expect(firstValueFrom(client.send('fail', 1))).rejects.toBeDefined();
    await lastValueFrom(client.emit('placed', { n: 1 }), { defaultValue: undefined });
    await eventually(() => expect(heard).toEqual([{ n: 1 }]));
    // Many at once travel in packs.
    const all = Array.from({ length: 200 }, (__, i) => firstValueFrom(client.send('echo', i)));
    expect((await Promise.all(all)).map((reply) => reply.data)).toEqual(all.map((__, i) => i));
  });
});

test('with secrecy nothing that was sent stands in Redis', async () => {
  const service = new TestService();
  const hidden = { headers: true };
  await service.serve(
    { events: { placed: () => Promise.reject(new RetryLater(600_000)) } },
    sealed({ ...orders, ...hidden }),
  );
  const client = service.client(sealed({ ...shop, ...hidden }));
  const record = new RedisStreamsRecord('Geheimnis', { headers: { user: 'Geheimnis' } });
  await lastValueFrom(client.emit('placed', record), { defaultValue: undefined });
  const redis = service.redis;
  const entries = await redis.xrange(service.stream('placed'), '-', '+');
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).toMatch(/1\.gcm\.k1\.shop\./);
  expect(JSON.stringify(entries)).not.toContain('Geheimnis');
  expect(JSON.stringify(entries)).not.toContain(Buffer.from('Geheimnis').toString('base64url'));
});

test('retries, and the error after the last one, are sealed too', async () => {
  const service = new TestService();
  const seen: unknown[] = [];
  let attempts = 0;
  const flaky: GivenHandler = [
    (data, context) => {
      seen.push([data, context.getCaller()?.name]);
      attempts++;
      throw new RpcException('down');
    },
    { retry: { attempts: 2, delay: 10 } },
  ];
  await service.serve({ messages: { flaky } }, sealed(orders));
  const client = service.client(sealed(shop));
  await expect(firstValueFrom(client.send('flaky', 7))).rejects.toEqual({
    error: 'down',
    message: 'down',
  });
  expect(attempts).toBe(2);
  expect(seen).toEqual([
    [7, 'shop'],
    [7, 'shop'],
  ]);
});

test('an error after the last attempt that is too large when it is sealed is told as such', async () => {
  const service = new TestService();
  const flaky: GivenHandler = [
    () => {
      throw new RpcException('x'.repeat(5000));
    },
    { retry: { attempts: 2, delay: 10 } },
  ];
  await service.serve({ messages: { flaky } }, { ...sealed(orders), maxReplyBytes: 4096 });
  const client = await service.connected(sealed(shop));
  const large = { code: 'PAYLOAD_TOO_LARGE', outcome: 'may-have-run' };
  expect(await client.failure('flaky', 7)).toMatchObject(large);
});

test('a result that is kept under an idempotency key answers later calls with it, and no other data', async () => {
  const service = new TestService();
  let runs = 0;
  await service.serve({ messages: { pay: (data) => ({ data, run: ++runs }) } }, sealed(orders));
  const [one, other] = [service.client(sealed(shop)), service.client(sealed(shop))];
  const keyed = (data: unknown) => new RedisStreamsRecord(data, { idempotencyKey: 'k' });
  const first = await firstValueFrom(one.send('pay', keyed({ sum: 1 })));
  expect(await firstValueFrom(other.send('pay', keyed({ sum: 1 })))).toEqual(first);
  expect(runs).toBe(1);
  await expect(firstValueFrom(other.send('pay', keyed({ sum: 2 })))).rejects.toMatchObject({
    code: 'IDEMPOTENCY_MISMATCH',
  });
});

test('keys are changed without downtime: read the new one everywhere, write it, forget the old one', async () => {
  const service = new TestService();
  const [old, fresh] = [secretKey('old'), secretKey('new')];
  const named = (name: string, ...keys: SealedOptions['keys'] & object[]) => sealed({ name, keys });
  await service.serve({ messages: { echo: (data) => data } }, named('orders', old, fresh));
  for (const keys of [[old], [old, fresh], [fresh, old], [fresh]]) {
    const client = service.client(named('shop', ...keys));
    expect(await firstValueFrom(client.send('echo', keys.length))).toBe(keys.length);
  }
});

test('a service that does not seal answers with CODEC_MISMATCH', async () => {
  const service = new TestService();
  await service.serve({ messages: { echo: (data) => data } });
  const client = service.client(sealed(shop));
  await expect(firstValueFrom(client.send('echo', 1))).rejects.toMatchObject({
    code: 'CODEC_MISMATCH',
    // Nobody has proven that it did not run.
    outcome: 'may-have-run',
  });
});

test('an entry that another instance takes over is the same message, and runs', async () => {
  const service = new TestService();
  const begun: string[] = [];
  const handlers = (answer: () => unknown): Handlers => ({
    messages: {
      slow: (_, context) => {
        begun.push(context.getCaller()?.name ?? '');
        return answer();
      },
    },
  });
  const options = { ...sealed(orders), drainTimeout: 0, reconnectGrace: 0 };
  const first = await service.serve(
    handlers(() => new Promise(() => {})),
    options,
  );
  const client = service.client(sealed(shop));
  const reply = firstValueFrom(client.send('slow', 1));
  await eventually(() => expect(begun).toEqual(['shop']));
  await service.serve(
    handlers(() => 'answered'),
    options,
  );
  await first.close();
  expect(await reply).toBe('answered');
  expect(begun).toEqual(['shop', 'shop']);
});

test('refusals are counted by reason and side', async () => {
  const service = new TestService();
  const registry = new Registry();
  onTestFinished(instrumentRedisStreams({ registry }));
  await service.serve({ messages: { echo: (data) => data } }, sealed(orders));
  const stranger = service.client();
  await expect(firstValueFrom(stranger.send('echo', 1))).rejects.toMatchObject({
    code: 'UNTRUSTED',
  });
  const text = await registry.metrics();
  expect(text).toMatch(/untrusted_messages_total\{role="server",reason="unproven"\} 1/);
});

test('results by id are refused: only its caller can open a sealed one', async () => {
  const client = new TestService().client(sealed(shop));
  await client.connect();
  await expect(client.resultOf('echo', 'key')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('sealed'),
  });
  expect(await client.failure('echo', 1, { keepResult: true })).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('keepResult'),
  });
});
