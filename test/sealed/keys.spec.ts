// Keys: what is refused at once, and where they come from.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { RedisStreamsError } from 'nestjs-redis-streams';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { sealed, type SealedOptions, type SealKey } from 'nestjs-redis-streams/sealed';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { orders, secretKey, shop } from './keys.js';

const pair = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = randomBytes(32);
const ed = { id: 'a', privateKey: pair.privateKey };

test.each<[string, unknown]>([
  ['name', { keys: [secretKey('a')] }],
  ['name', { name: 'a b', keys: [secretKey('a')] }],
  ['keys', { name: 'a' }],
  ['keys', { name: 'a', keys: [] }],
  ['keys', { name: 'a', keys: [secretKey('a'), secretKey('a')] }],
  ['keys', { name: 'a', keys: [ed] }],
  [
    'keys',
    { name: 'a', mode: 'sign', keys: [{ id: 'a', publicKey: pair.publicKey, holder: 'b' }] },
  ],
  ['keys[0]', { name: 'a', keys: [null] }],
  ['keys[0]', { name: 'a', keys: [{ id: 'a' }] }],
  ['keys[0]', { name: 'a', keys: [{ id: 'a', secret, privateKey: pair.privateKey }] }],
  ['keys[0].id', { name: 'a', keys: [{ id: 'a.b', secret }] }],
  ['keys[0].holder', { name: 'a', keys: [{ id: 'a', secret, holder: '' }] }],
  ['keys[0].holder', { name: 'a', mode: 'sign', keys: [{ ...ed, holder: 'a' }] }],
  [
    'keys[1].holder',
    { name: 'a', mode: 'sign', keys: [ed, { id: 'b', publicKey: pair.publicKey }] },
  ],
  ['keys[0].secret', { name: 'a', keys: [{ id: 'a', secret: 'short' }] }],
  ['keys[0].secret', { name: 'a', keys: [{ id: 'a', secret: randomBytes(31) }] }],
  ['keys[0].secret', { name: 'a', keys: [{ id: 'a', secret: Buffer.alloc(32) }] }],
  ['keys[0].secret', { name: 'a', keys: [{ id: 'a', secret: '!'.repeat(60) }] }],
  ['keys[0].privateKey', { name: 'a', mode: 'sign', keys: [{ id: 'a', privateKey: 'no PEM' }] }],
  [
    'keys[0].privateKey',
    { name: 'a', mode: 'sign', keys: [{ id: 'a', privateKey: rsa.privateKey }] },
  ],
  [
    'keys[1].publicKey',
    { name: 'a', mode: 'sign', keys: [ed, { id: 'b', publicKey: pair.privateKey, holder: 'b' }] },
  ],
  ['mode', { ...shop, mode: 'both' }],
  ['headers', { ...shop, headers: 'yes' }],
  ['headers', { ...shop, headers: true, mode: 'sign' }],
  ['tolerance', { ...shop, tolerance: 10 }],
  ['remember', { ...shop, remember: -1 }],
  ['operators', { ...shop, operators: ['a b'] }],
  ['codec', { ...shop, codec: {} }],
  ['codec', { ...shop, codec: sealed(shop) }],
  ['hidden', { ...shop, hidden: true }],
])('option %s is refused by its name, and shows no secret (%#)', (name, options) => {
  let error: RedisStreamsError | undefined;
  try {
    sealed(options as SealedOptions);
  } catch (thrown) {
    error = thrown as RedisStreamsError;
  }
  expect(error).toMatchObject({ code: 'INVALID_OPTION' });
  expect(error?.message).toContain(`option "${name}"`);
  expect(error?.message).not.toContain(secret.toString('base64'));
});

test('both halves are wanted', () => {
  const { serializer, deserializer } = sealed(shop);
  for (const half of [{ serializer }, { deserializer }]) {
    expect(() => new ClientRedisStreams(half)).toThrow(/sealed/);
    expect(() => new ServerRedisStreams(half)).toThrow(/sealed/);
  }
});

describe('a function that gives keys', () => {
  const key = secretKey('k1');

  test('is asked once for each, be it slow or at once', async () => {
    const service = new TestService();
    const asked: (string | undefined)[] = [];
    const keys = async (id: string | undefined): Promise<SealKey | undefined> => {
      asked.push(id);
      return id === undefined || id === 'k1' ? key : undefined;
    };
    await service.serve({ messages: { echo: (data) => data } }, sealed({ name: 'orders', keys }));
    const client = service.client(sealed({ name: 'shop', keys: () => key }));
    const all = Array.from({ length: 50 }, (_, i) => firstValueFrom(client.send('echo', i)));
    expect(await Promise.all(all)).toEqual(all.map((_, i) => i));
    expect(asked).toEqual(['k1']);
    const stranger = service.client(sealed({ name: 'shop', keys: [secretKey('k2')] }));
    await expect(firstValueFrom(stranger.send('echo', 1))).rejects.toMatchObject({
      code: 'UNTRUSTED',
    });
    expect(asked).toEqual(['k1', 'k2']);
  });

  test.each<[string, () => unknown]>([
    ['throws', () => Promise.reject(new Error('away'))],
    ['has none', () => undefined],
    ['gives a bad one', () => ({ id: 'k1', secret: 'bad' })],
    ['gives one of another holder', () => secretKey('k1', 'web')],
  ])('of a client, when it %s: the call certainly did not run', async (_, given) => {
    const service = new TestService();
    await service.serve({ messages: { echo: (data) => data } }, sealed(orders));
    const client = service.client(sealed({ name: 'shop', keys: given as () => SealKey }));
    await expect(firstValueFrom(client.send('echo', 1))).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
      outcome: 'not-run',
    });
    const event = lastValueFrom(client.emit('told', 1), { defaultValue: undefined });
    await expect(event).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });

  test('of a service, when it fails: entries are tried again', async () => {
    const service = new TestService();
    let tries = 0;
    const keys = (): SealKey => {
      if (++tries < 3) throw new Error('away');
      return key;
    };
    const heard: unknown[] = [];
    await service.serve(
      { events: { told: (data) => void heard.push(data) } },
      { ...sealed({ name: 'orders', keys }), retry: { delay: 10 } },
    );
    const client = service.client(sealed(shop));
    await lastValueFrom(client.emit('told', 1), { defaultValue: undefined });
    await eventually(() => expect(heard).toEqual([1]));
    expect(tries).toBe(3);
    expect(await service.deadLetters()).toEqual([]);
  });
});
