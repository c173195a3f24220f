import { of, throwError } from 'rxjs';
import { callerId, requestLine } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

describe('what a caller cannot send', () => {
  it('is refused before it leaves: data over the limit', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected({ maxPayloadBytes: 1000 });
    // In bytes of UTF-8, not in characters.
    for (const data of ['x'.repeat(1000), 'ä'.repeat(500)]) {
      expect(await client.failure('work', data)).toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        outcome: 'not-run',
      });
      await expect(client.tell('work', data)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }
    expect(await service.redis.exists(service.keys.caller('x'))).toBe(0);
    expect(await service.length('work')).toBe(0);
    expect(await client.call('work', 'x'.repeat(900))).toBe(1);
  });

  it.each([
    ['a cycle', () => ({}), true],
    ['a bigint', () => ({ big: 1n }), false],
    ['a __proto__ key', () => JSON.parse('{"__proto__":1}') as unknown, false],
    ['deep nesting', () => JSON.parse('['.repeat(100) + ']'.repeat(100)) as unknown, false],
  ])('is refused before it leaves: %s', async (_, make, cyclic) => {
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    const data = make() as { self?: unknown };
    if (cyclic) data.self = data;
    expect(await client.failure('work', data)).toMatchObject({
      code: 'INVALID_MESSAGE',
      outcome: 'not-run',
    });
    expect(await client.call('work')).toBe(1);
  });

  it('is refused before it leaves: a pattern or headers over the limit', async () => {
    const service = new TestService();
    const client = await service.connected();
    expect(await client.failure('p'.repeat(2000))).toMatchObject({ code: 'INVALID_MESSAGE' });
    const headers = { a: 'x'.repeat(20_000) };
    expect(await client.failure('work', 1, { headers })).toMatchObject({ outcome: 'not-run' });
  });
});

describe('what a handler cannot answer', () => {
  it('a reply over the limit is an error, and other calls go on', async () => {
    const service = new TestService();
    const bad = () => {
      throw { message: 'x'.repeat(5000) };
    };
    await service.serve(
      {
        messages: {
          bad,
          badTwice: [bad, { retry: { attempts: 2, delay: 1 } }],
          big: () => 'x'.repeat(5000),
          bigStream: () => of('small', 'x'.repeat(5000), 'never'),
          work: () => 'fine',
        },
      },
      { maxReplyBytes: 4096 },
    );
    const client = await service.connected();
    const [big, stream, fine] = await Promise.all([
      client.failure('big'),
      client.values('bigStream').catch((error: unknown) => error),
      client.call('work'),
    ]);
    expect(big).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', outcome: 'may-have-run' });
    expect(stream).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(fine).toBe('fine');
    for (const pattern of ['bad', 'badTwice'])
      expect(await client.failure(pattern)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await service.length('big')).toBe(0);
  });

  it.each([
    ['a cycle', () => Object.assign([] as unknown[], [1]).concat(0), true],
    ['a bigint', () => 1n, false],
  ])('%s is an error', async (_, make, cyclic) => {
    const service = new TestService();
    const work = () => {
      const value = make();
      if (cyclic && Array.isArray(value)) value.push(value);
      return value;
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    expect(await client.failure('work')).toMatchObject({ code: 'INVALID_MESSAGE' });
  });

  it('a hostile value takes no other reply with it', async () => {
    const service = new TestService();
    await service.serve({
      messages: { work: (n: number) => (n === 3 ? JSON.parse('{"__proto__":{"x":1}}') : n) },
    });
    const client = await service.connected();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => client.call('work', n)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'INVALID_MESSAGE' } });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['rejects with nothing', () => Promise.reject()],
    [
      'throws a string',
      () => {
        throw 'plain';
      },
    ],
    ['fails its stream', () => throwError(() => new Error('secret'))],
  ])('a handler that %s: the call fails, the loop goes on', async (_, bad) => {
    const service = new TestService();
    await service.serve({ messages: { bad, work: () => 'fine' } });
    const client = await service.connected();
    const failed = await Promise.allSettled([client.call('bad')]);
    expect(failed[0].status).toBe('rejected');
    expect(JSON.stringify(failed)).not.toContain('at ');
    expect(await client.call('work')).toBe('fine');
    await eventually(async () => expect(await service.length('bad')).toBe(0));
  });
});

describe('a call that no handler is for', () => {
  it('is answered at once when it reaches a service: in a lane', async () => {
    const service = new TestService();
    const lanes = { lane: ['known', 'unknown'] };
    await service.serve({ messages: { known: () => 1 } }, { lanes });
    const client = await service.connected({ lanes, whenNoConsumer: 'wait' });
    await client.call('known');
    const from = performance.now();
    expect(await client.failure('unknown')).toMatchObject({
      code: 'NO_HANDLER',
      outcome: 'not-run',
      message: 'There is no matching message handler defined in the remote service.',
    });
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(await service.length('lane')).toBe(0);
    expect(await client.call('known')).toBe(1);
  });

  it('waits for one where the pattern has only event handlers', async () => {
    const service = new TestService();
    const told: unknown[] = [];
    const events = { happened: (data: unknown) => void told.push(data) };
    await service.serve({ events }, { group: 'listeners' });
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const call = client.call('happened', 1);
    await client.tell('happened', 2);
    await eventually(() => expect(told).toEqual([2]));
    await eventually(async () => expect(await service.pending('happened', 'listeners')).toBe(0));
    await service.serve({ messages: { happened: (n: number) => n + 1 } });
    expect(await call).toBe(2);
  });

  it('is handed to a newer instance of the service that has one', async () => {
    const service = new TestService();
    const lanes = { lane: ['old', 'new'] };
    await service.serve({ messages: { old: () => 'old' } }, { lanes });
    await service.serve({ messages: { old: () => 'old', new: () => 'new' } }, { lanes });
    const client = await service.connected({ lanes });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.call('new')));
    expect(new Set(answers)).toEqual(new Set(['new']));
  });

  it('a reply for no call is ignored', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: () => 1 } });
    const client = await service.connected();
    const id = callerId();
    const key = service.keys.stream('work');
    await service.redis.xadd(key, '*', 'c', requestLine(id), 'd', '1');
    await eventually(async () => expect(await service.redis.xlen(service.keys.log(id))).toBe(1));
    const mine = (client as unknown as { producer: { callerId: string } }).producer.callerId;
    for (const text of ['', 'x', '1-1 rubbish', '1-1 1 me [["99",1,1,1,0,1]]', '1-1 2 me []']) {
      await service.redis.spublish(service.keys.log(mine), text);
    }
    expect(await client.call('work')).toBe(1);
  });
});
