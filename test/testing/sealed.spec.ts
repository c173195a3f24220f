import { RpcException } from '@nestjs/microservices';
import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { sealed } from 'nestjs-redis-streams/sealed';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom, of } from 'rxjs';
import { orders, pairs, shop } from '../sealed/keys.js';
import { Caller } from '../support/caller.js';
import { closing } from '../support/closing.js';
import { over } from './over.js';

// E6 over a test broker: what is sealed there is sealed as over Redis.

const ed = pairs();

describe.each([
  ['AES-256-GCM', orders, shop, 'gcm'],
  ['HMAC', { ...orders, mode: 'sign' as const }, { ...shop, mode: 'sign' as const }, 'hmac'],
  ['Ed25519', ed.service, ed.client, 'ed25519'],
])('sealed messages over a test broker: %s', (_, serving, calling, proof) => {
  async function open() {
    const broker = createTestBroker();
    const heard: unknown[] = [];
    await over(
      broker,
      {
        messages: {
          echo: (data, context) => ({ data, caller: context.getCaller()?.name }),
          many: () => of('one', 'two', 'three'),
          fail: () => Promise.reject(new RpcException({ why: 'because' })),
        },
        events: {
          placed: (data, context) => {
            heard.push([data, context.getCaller()?.proof, context.getFailedAttempts()]);
            if (context.getFailedAttempts() < 2) throw new Error('not yet');
          },
          broken: () => Promise.reject(new Error('never')),
        },
      },
      { ...sealed(serving), retry: { attempts: 3, delay: 60_000 } },
    );
    const caller = (options = {}) => closing(new Caller({ client: broker.redis(), ...options }));
    return { broker, heard, caller, client: caller(sealed(calling)) };
  }

  test('requests, streams and errors', async () => {
    const { client } = await open();
    expect(await client.call('echo', { a: 'ü' })).toEqual({ data: { a: 'ü' }, caller: 'shop' });
    expect(await client.values('many')).toEqual(['one', 'two', 'three']);
    expect(await client.failure('fail')).toMatchObject({ error: { why: 'because' } });
    const all = Array.from({ length: 50 }, (__, n) => client.call<{ data: number }>('echo', n));
    expect((await Promise.all(all)).map(({ data }) => data)).toEqual(all.map((__, n) => n));
  });

  test('retries, delays and dead letters take no time', async () => {
    const { broker, client, heard } = await open();
    await client.tell('placed', 7, { delay: 900_000 });
    await client.tell('broken', 8);
    await broker.drain(2 * 900_000);
    expect(heard).toEqual([0, 1, 2].map((attempt) => [7, proof, attempt]));
    expect(broker.deadLetters('service')).toMatchObject([{ pattern: 'broken', error: 'never' }]);
  });

  test('who has no key is refused, and nothing of it runs', async () => {
    const { broker, caller, heard } = await open();
    const record = new RedisStreamsRecord(1, { headers: { user: 'me' } });
    const refused = firstValueFrom(caller().send('echo', record)).catch((e: unknown) => e);
    expect(await broker.until(refused)).toMatchObject({ code: 'UNTRUSTED' });
    await caller().tell('placed', 1);
    await broker.drain();
    expect(heard).toEqual([]);
    expect(broker.deadLetters('service')).toMatchObject([
      { reason: 'untrusted' },
      { reason: 'untrusted' },
    ]);
  });
});
