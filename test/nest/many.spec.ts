import { RpcException } from '@nestjs/microservices';
import type { Redis } from 'ioredis';
import { RedisStreamsRecord } from 'nestjs-redis-streams';
import { range } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';

const numbers = Array.from({ length: 50 }, (_, n) => n);

describe('sendMany', () => {
  it('gives results in the order of the items, whichever ends first', async () => {
    const service = new TestService();
    const ended: number[] = [];
    await service.serve({
      messages: {
        square: async (n: number) => {
          for (let turn = 0; turn < 50 - n; turn++) await new Promise((next) => setImmediate(next));
          ended.push(n);
          return n * n;
        },
      },
    });
    const client = await service.connected();
    const results = await client.sendMany<number>('square', numbers);
    expect(results).toEqual(numbers.map((n) => ({ status: 'fulfilled', value: n * n })));
    expect(ended).not.toEqual(numbers);
    expect(ended.toSorted((a, b) => a - b)).toEqual(numbers);
  });

  it('tells failures one by one', async () => {
    const service = new TestService();
    await service.serve({
      messages: {
        picky: (n: number) => {
          if (n % 2 === 1) throw new RpcException(`odd: ${n}`);
          return n;
        },
      },
    });
    const client = await service.connected();
    const [even, odd, missing, tooLate] = await client.sendMany<number>('picky', [
      2,
      3,
      undefined,
      new RedisStreamsRecord(4, { timeout: 0 }),
    ]);
    expect(even).toEqual({ status: 'fulfilled', value: 2 });
    expect(odd).toMatchObject({ status: 'rejected', reason: { message: 'odd: 3' } });
    expect(missing).toMatchObject({ status: 'rejected' });
    expect(tooLate).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_OPTION' } });
  });

  it('takes the last of several values, and undefined for none', async () => {
    const service = new TestService();
    await service.serve({ messages: { count: (upTo: number) => range(1, upTo) } });
    const client = await service.connected();
    expect(await client.sendMany('count', [3, 0])).toEqual([
      { status: 'fulfilled', value: 3 },
      { status: 'fulfilled', value: undefined },
    ]);
  });

  it('refuses what is beyond maxPending, and nothing else', async () => {
    const service = new TestService();
    await service.serve({ messages: { echo: (n: number) => n } });
    const client = await service.connected({ maxPending: 10 });
    const results = await client.sendMany<number>('echo', numbers);
    expect(results.slice(0, 10)).toEqual(
      numbers.slice(0, 10).map((value) => ({ status: 'fulfilled', value })),
    );
    for (const refused of results.slice(10)) {
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'OVERLOADED' } });
    }
  });

  it('is done at once with no items, and refuses what is no list', async () => {
    const client = new TestService().client();
    expect(await client.sendMany('echo', [])).toEqual([]);
    for (const items of [undefined, null, 7, 'text', {}]) {
      await expect(client.sendMany('echo', items as never)).rejects.toMatchObject({
        code: 'INVALID_MESSAGE',
      });
    }
  });

  it('refuses a list that does not end, and sends nothing of it', async () => {
    const service = new TestService();
    const client = service.client();
    let asked = 0;
    function* endless() {
      for (;;) yield (asked += 1);
    }
    for (const many of [client.sendMany('echo', endless()), client.emitMany('seen', endless())]) {
      await expect(many).rejects.toMatchObject({ code: 'INVALID_MESSAGE' });
    }
    expect(asked).toBe(2 * 1_000_001);
    expect(await service.redis.exists(service.keys.stream('echo'))).toBe(0);
  });
});

describe('emitMany', () => {
  it('stores all, and tells failures one by one', async () => {
    const service = new TestService();
    const heard: number[] = [];
    await service.serve({ events: { seen: (n: number) => void heard.push(n) } });
    const client = await service.connected({ maxPayloadBytes: 100 });
    const results = await client.emitMany<number | string>('seen', [1, 'x'.repeat(101), 2]);
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'PAYLOAD_TOO_LARGE' } },
      { status: 'fulfilled' },
    ]);
    await eventually(() => expect(heard.toSorted()).toEqual([1, 2]));
  });
});

describe.each(['sendMany', 'emitMany'] as const)('%s', (many) => {
  it('stores its items in one step', async () => {
    const service = new TestService();
    const noted = (): number => 1;
    await service.serve({ messages: { asked: noted }, events: { told: noted } });
    const client = await service.connected();
    const all = (items: readonly number[]): Promise<PromiseSettledResult<unknown>[]> =>
      many === 'sendMany' ? client.sendMany('asked', items) : client.emitMany('told', items);
    // The first one makes the record of the caller, and sends the script whole.
    await all([0]);
    const spies = client
      .unwrap<(Redis | undefined)[]>()
      .filter((one) => one !== undefined)
      .map((one) => vi.spyOn(one, 'sendCommand'));
    onTestFinished(() => spies.forEach((one) => one.mockRestore()));
    for (const { status } of await all(numbers)) expect(status).toBe('fulfilled');
    const steps = spies
      .flatMap(({ mock }) => mock.calls)
      .filter(([{ name }]) => name === 'evalsha');
    expect(steps).toHaveLength(1);
  });
});
