import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { TestService } from '../../support/test-service.js';

const options = { wildcards: true };

/** A handler that notes what came. */
function noting(name = '') {
  const seen: string[] = [];
  const handler = (data: never, context: RedisStreamsContext): void => {
    seen.push(`${name}${context.getPattern()} ${JSON.stringify(data)}`);
  };
  return { seen, handler };
}

describe('N3 events of patterns that wildcards stand for', () => {
  test('not even the first event is missed', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, options);
    const caller = await service.connected();
    const patterns = Array.from({ length: 20 }, (_, i) => `orders.${i}`);
    await Promise.all(patterns.map((pattern) => caller.tell(pattern, 1)));
    await expect.poll(() => seen.length).toBe(20);
    expect(new Set(seen)).toEqual(new Set(patterns.map((pattern) => `${pattern} 1`)));
  });

  test('all handlers run whose pattern matches, the one that names it among them', async () => {
    const service = new TestService();
    const [all, orders, named] = [noting('all: '), noting('orders: '), noting('named: ')];
    const events = { '*': all.handler, 'orders.*': orders.handler, 'orders.placed': named.handler };
    await service.serve({ events }, options);
    const caller = await service.connected();
    await caller.tell('orders.placed', 1);
    await caller.tell('orders.gone', 2);
    await expect.poll(() => [all, orders, named].map(({ seen }) => seen.length)).toEqual([2, 2, 1]);
    expect(named.seen).toEqual(['named: orders.placed 1']);
  });

  test('each group gets them, of a stream that another service reads by its name too', async () => {
    const service = new TestService();
    const [audit, log, named] = [noting(), noting(), noting()];
    await service.serve({ events: { 'orders.placed': named.handler } }, { group: 'orders' });
    await service.serve({ events: { 'orders.*': audit.handler } }, { ...options, group: 'audit' });
    await service.serve({ events: { '*': log.handler } }, { ...options, group: 'log' });
    const caller = await service.connected();
    await caller.tell('orders.placed', 1);
    await expect.poll(() => [audit, log, named].map(({ seen }) => seen.length)).toEqual([1, 1, 1]);
  });

  test('each group of one server hears of new patterns at once, on the connection that they share', async () => {
    const service = new TestService();
    const [one, other] = [noting(), noting()];
    const events = {
      'orders.*': one.handler,
      '*.placed': [other.handler, { group: 'other' }] as const,
    };
    await service.serve({ events }, { ...options, leaseTtl: 60_000 });
    const caller = await service.connected();
    await caller.tell('orders.placed', 1);
    await caller.tell('prices.placed', 2);
    await expect.poll(() => other.seen).toEqual(['orders.placed 1', 'prices.placed 2']);
    await expect.poll(() => one.seen).toEqual(['orders.placed 1']);
  });

  test('what came while no instance of the group ran is not missed', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    const handlers = { events: { 'orders.*': handler } };
    const server = await service.serve(handlers, options);
    await server.close();
    await service.serve({ events: { other: () => {} } }, { group: 'other' });
    const caller = await service.connected();
    await caller.tell('orders.first', 1);
    await caller.tell('orders.first', 2);
    await service.serve(handlers, options);
    await expect.poll(() => seen.length).toBe(2);
    expect(seen).toEqual(['orders.first 1', 'orders.first 2']);
  });

  test('a stream that was deleted is read again when it is written again', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, options);
    const caller = await service.connected();
    await caller.tell('orders.placed', 1);
    await expect.poll(() => seen.length).toBe(1);
    await service.redis.del(service.keys.stream('orders.placed'));
    await caller.tell('orders.placed', 2);
    await expect.poll(() => seen.length).toBe(2);
  });

  test('a failing event is retried, and becomes a dead letter of its own pattern', async () => {
    const service = new TestService();
    const handler = () => Promise.reject(new Error('no'));
    const retry = { attempts: 2, delay: 1 };
    await service.serve({ events: { 'orders.*': handler } }, { ...options, retry });
    const caller = await service.connected();
    await caller.tell('orders.placed', 1);
    await expect
      .poll(async () => (await service.deadLetters()).map(({ pattern }) => pattern))
      .toEqual(['orders.placed']);
  });

  test('patterns in a lane of the server are read there', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    const lanes = { all: ['orders.a', 'orders.b'] };
    await service.serve({ events: { 'orders.*': handler } }, { ...options, lanes });
    const caller = await service.connected({ lanes });
    await caller.tell('orders.a', 1);
    await caller.tell('orders.c', 2);
    await expect.poll(() => seen.length).toBe(2);
    expect(new Set(seen)).toEqual(new Set(['orders.a 1', 'orders.c 2']));
  });

  test('a first event that is due later is handled when it is due', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, options);
    const caller = await service.connected();
    await caller.tell('orders.later', 1, { delay: 300 });
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['orders.later 1']);
  });

  test('a first event with a message id is handled once', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, options);
    const caller = await service.connected();
    await caller.tell('orders.once', 1, { messageId: 'a' });
    await caller.tell('orders.once', 2, { messageId: 'a' });
    await caller.tell('orders.once', 3, { messageId: 'b' });
    await expect.poll(() => seen.length).toBe(2);
    expect(seen).toEqual(['orders.once 1', 'orders.once 3']);
  });
});
