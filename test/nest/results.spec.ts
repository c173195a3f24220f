import { RpcException } from '@nestjs/microservices';
import { type CallResult, RedisStreamsRecord, type StoredEntry } from 'nestjs-redis-streams';
import { from, lastValueFrom, toArray } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';

/** A listener, and what it is told first. */
function hearing() {
  let onStored: (stored: StoredEntry) => void = () => undefined;
  const stored = new Promise<StoredEntry>((resolve) => (onStored = resolve));
  return { stored, onStored };
}

const ENTRY = /^\d+-\d+(#\d+)?$/;

describe.each(EITHER_BROKER)('results by id over %s', (_name, make) => {
  const open = async () => {
    const service = make();
    const gate = new Gate();
    await service.serve({
      messages: {
        double: (n: number) => 2 * n,
        count: () => from([1, 2, 3]),
        nothing: () => undefined,
        refuse: () => {
          throw new RpcException({ code: 'E_NO', why: 'not today' });
        },
        slow: async () => {
          await gate.opened;
          return 'at last';
        },
      },
      events: { told: () => undefined },
    });
    const client = await service.connected();
    /** The id of a call, once it is stored. */
    const kept = async (pattern: string, data: unknown, options = {}) => {
      const { stored, onStored } = hearing();
      const record = { keepResult: true, ...options, onStored };
      const values = lastValueFrom(
        client.send(pattern, new RedisStreamsRecord(data, record)).pipe(toArray()),
      );
      values.catch(() => undefined);
      return { ...(await stored), values };
    };
    return { service, gate, client, kept, other: await service.connected() };
  };

  test('R2 an event’s entry is told before emit completes', async () => {
    const { client } = await open();
    const told: StoredEntry[] = [];
    const onStored = (stored: StoredEntry) => void told.push(stored);
    expect(await client.tell('told', 1, { onStored })).toBeUndefined();
    expect(told).toEqual([{ id: expect.stringMatching(ENTRY), stream: 'told', callId: undefined }]);
    const records = [1, 2, 3].map((n) => new RedisStreamsRecord(n, { onStored }));
    await client.emitMany('told', records);
    expect(new Set(told.map(({ id }) => id)).size).toBe(4);
  });

  test('P4 another client has a result by the call’s id, with times', async () => {
    const { other, kept } = await open();
    const { callId = '', id, values } = await kept('double', 21);
    expect(await values).toEqual([42]);
    const result = (await other.resultOf<number>('double', callId)) as Extract<
      CallResult<number>,
      { state: 'done' }
    >;
    expect(result).toMatchObject({
      state: 'done',
      values: [42],
      storedAt: Number(id.split('-')[0]),
    });
    expect(result.endedAt).toBeGreaterThanOrEqual(result.storedAt! - 50);
    expect(result.endedAt - result.storedAt!).toBeLessThan(60_000);
  });

  test('P4 of a stream all values, of nothing none, of an error what was thrown', async () => {
    const { other, kept } = await open();
    for (const [pattern, values] of [
      ['count', [1, 2, 3]],
      ['nothing', []],
    ] as const) {
      const call = await kept(pattern, 0);
      await call.values;
      expect(await other.resultOf(pattern, call.callId!)).toMatchObject({ state: 'done', values });
    }
    const failed = await kept('refuse', 0);
    await failed.values.catch(() => undefined);
    expect(await other.resultOf('refuse', failed.callId!)).toMatchObject({
      state: 'failed',
      error: { error: { code: 'E_NO', why: 'not today' } },
    });
  });

  test('P4 calls that run are told, and have their result when they have ended', async () => {
    const { gate, other, kept } = await open();
    const { callId = '', values, id } = await kept('slow', 0);
    const storedAt = Number(id.split('-')[0]);
    await eventually(async () =>
      expect(await other.resultOf('slow', callId)).toEqual({ state: 'running', storedAt }),
    );
    gate.open();
    expect(await values).toEqual(['at last']);
    expect(await other.resultOf('slow', callId)).toMatchObject({ values: ['at last'], storedAt });
  });

  test('P4 calls that nobody has taken wait', async () => {
    const service = make();
    const server = await service.serve({ messages: { later: () => 1 } });
    await server.close();
    const client = await service.connected();
    const { stored, onStored } = hearing();
    const options = { whenNoConsumer: 'wait', onStored } as const;
    const call = client.call('later', 0, options);
    const { callId = '', id } = await stored;
    const storedAt = Number(id.split('-')[0]);
    expect(await client.resultOf('later', callId)).toEqual({ state: 'waiting', storedAt });
    await service.serve({ messages: { later: () => 1 } });
    expect(await call).toBe(1);
  });

  test('P3 a result stays under an idempotency key, which its caller knew before', async () => {
    const { gate, client, other } = await open();
    expect(await other.resultOf('double', 'order-7')).toEqual({ state: 'unknown' });
    expect(await client.call('double', 4, { idempotencyKey: 'order-7' })).toBe(8);
    expect(await other.resultOf('double', 'order-7')).toMatchObject({ state: 'done', values: [8] });
    const slow = client.call('slow', 0, { idempotencyKey: 'order-8' });
    await eventually(async () =>
      expect(await other.resultOf('slow', 'order-8')).toMatchObject({ state: 'running' }),
    );
    gate.open();
    await slow;
  });

  test('calls that leave together, in packs, have each their own', async () => {
    const { client, other } = await open();
    const ids: string[] = [];
    const calls = Array.from({ length: 20 }, (_, n) => {
      const onStored = ({ callId }: StoredEntry) => void (ids[n] = callId ?? '');
      return client.call('double', n, { keepResult: true, onStored });
    });
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => 2 * n));
    await eventually(() => expect(ids.filter(Boolean)).toHaveLength(20));
    for (const [n, id] of ids.entries()) {
      expect(await other.resultOf('double', id)).toMatchObject({ values: [2 * n] });
    }
  });

  test('a call that was never made is unknown, and what is no id is refused', async () => {
    const { client } = await open();
    const nobody = `${'x'.repeat(22)}/10000000001`;
    expect(await client.resultOf('double', nobody)).toEqual({ state: 'unknown' });
    expect(await client.resultOf('nowhere', nobody)).toEqual({ state: 'unknown' });
    for (const id of ['', 'x'.repeat(257), 7, undefined, null, {}]) {
      await expect(client.resultOf('double', id as string)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    }
  });

  test('combinations that mean nothing are refused', async () => {
    const { client } = await open();
    const key = { keepResult: true, idempotencyKey: 'k' };
    expect(await client.failure('double', 1, key)).toMatchObject({ code: 'INVALID_OPTION' });
    await expect(client.tell('told', 1, { keepResult: true })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('keepResult'),
    });
  });

  test('what onStored throws or rejects with harms nothing', async () => {
    const { client } = await open();
    const onStored = () => {
      throw new Error('mine');
    };
    expect(await client.call('double', 1, { onStored })).toBe(2);
    expect(await client.tell('told', 1, { onStored })).toBeUndefined();
    const rejects = (async () => {
      throw new Error('mine');
    }) as () => void;
    expect(await client.tell('told', 1, { onStored: rejects })).toBeUndefined();
  });
});

test('P3 a reply that its caller has not read is had from the log', async () => {
  const service = new TestService();
  await service.serve({ messages: { double: (n: number) => 2 * n } });
  const caller = 'c'.repeat(22);
  await service.redis.xadd(service.stream('double'), '*', 'c', `1 json 7 ${caller} 5000`, 'd', '8');
  const client = await service.connected();
  await eventually(async () =>
    expect(await client.resultOf('double', `${caller}/7`)).toEqual({
      state: 'done',
      values: [16],
      storedAt: undefined,
      endedAt: expect.any(Number),
    }),
  );
});
