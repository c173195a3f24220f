import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { classStreams } from '../../../libs/redis-stream-transport/src/protocol/priority.js';
import { TestService } from '../../support/test-service.js';

const wildcards = { wildcards: true };
const priorities = { priorities: true };
const { high: HIGH } = classStreams('orders.paid', 1);

/** A handler that notes what came, and in which class. */
function noting() {
  const seen: string[] = [];
  const handler = (data: never, context: RedisStreamsContext): void => {
    seen.push(`${context.getPattern()} ${JSON.stringify(data)} ${context.getPriority()}`);
  };
  return { seen, handler };
}

/** A service that names the pattern, and has classes of it. */
async function named(service: TestService) {
  const heard = noting();
  const events = { 'orders.paid': [heard.handler, priorities] as const };
  await service.serve({ events }, { group: 'named' });
  return { heard, caller: await service.connected() };
}

/** How many entries the class ever had. */
async function inClass(service: TestService): Promise<number> {
  const fields = (await service.redis.xinfo('STREAM', service.keys.stream(HIGH))) as unknown[];
  return Number(fields[fields.indexOf('entries-added') + 1]);
}

describe('events with a priority', () => {
  test('are not missed by a group whose wildcard stands for the pattern, and which is away', async () => {
    const service = new TestService();
    const away = noting();
    const handlers = { events: { 'orders.*': away.handler } };
    await (await service.serve(handlers, wildcards)).close();
    const { heard, caller } = await named(service);
    // Of a pattern that is not known yet, of one that is, and of one with a message id.
    for (const data of [1, 2]) await caller.tell('orders.paid', data, { priority: 'high' });
    await caller.tell('orders.paid', 3, { priority: 'high', messageId: 'third' });
    await expect.poll(() => heard.seen).toHaveLength(3);
    await service.serve(handlers, wildcards);
    const all = [1, 2, 3].map((data) => `orders.paid ${data} normal`);
    await expect.poll(() => away.seen.toSorted()).toEqual(all);
    expect(heard.seen.toSorted()).toEqual(all);
    expect(await inClass(service)).toBe(0);
  });

  test('have their classes again when a wildcard is forgotten that nobody has any more', async () => {
    const service = new TestService();
    const { keys, redis } = service;
    const handlers = { events: { 'orders.*': noting().handler } };
    await (await service.serve(handlers, { ...wildcards, group: 'audit' })).close();
    const { heard, caller } = await named(service);
    await caller.tell('orders.paid', 1, { priority: 'high' });
    await expect.poll(() => heard.seen).toEqual(['orders.paid 1 normal']);
    await redis.zrem(keys.looked(), 'audit orders.*');
    await redis.zrem(keys.streams(), 'gaudit orders.*');
    await caller.tell('orders.paid', 2, { priority: 'high' });
    await expect.poll(() => heard.seen.at(-1)).toBe('orders.paid 2 high');
  });

  test('are normal beside a group that reads the pattern by a wildcard', async () => {
    const service = new TestService();
    const wild = noting();
    await service.serve({ events: { 'orders.*': wild.handler } }, wildcards);
    const { heard, caller } = await named(service);
    for (const data of [1, 2]) {
      await caller.tell('orders.paid', data, { priority: 'high' });
      await expect.poll(() => wild.seen.at(-1)).toBe(`orders.paid ${data} normal`);
    }
    await expect.poll(() => heard.seen).toEqual(wild.seen);
  });

  test('have their classes beside wildcards that cannot stand for the pattern', async () => {
    const service = new TestService();
    await service.serve({ events: { 'prices.*': noting().handler } }, wildcards);
    const { heard, caller } = await named(service);
    for (const data of [1, 2]) await caller.tell('orders.paid', data, { priority: 'high' });
    await expect.poll(() => heard.seen).toEqual(['orders.paid 1 high', 'orders.paid 2 high']);
  });

  test('of a pattern that the service with the wildcard names have them, for all of its handlers', async () => {
    const service = new TestService();
    const [wild, apart, own] = [noting(), noting(), noting()];
    const events = {
      'orders.*': wild.handler,
      '*.paid': [apart.handler, { group: 'apart' }] as const,
      'orders.paid': [own.handler, priorities] as const,
    };
    await service.serve({ events }, wildcards);
    const caller = await service.connected();
    // Both groups of the service name the pattern, and neither is waited for.
    for (const priority of ['normal', 'high', 'low'] as const)
      await caller.tell('orders.paid', 1, { priority });
    const all = ['orders.paid 1 high', 'orders.paid 1 low', 'orders.paid 1 normal'];
    for (const { seen } of [wild, apart, own])
      await expect.poll(() => seen.toSorted()).toEqual(all);
    // What a wildcard brings goes on beside classes.
    await caller.tell('orders.new', 1);
    await expect.poll(() => wild.seen.at(-1)).toBe('orders.new 1 normal');
  });
});

describe('calls with a priority', () => {
  test('are answered in their class by who names the pattern, and in the own stream by a wildcard', async () => {
    const service = new TestService();
    const answer = (by: string) => (_: never, context: RedisStreamsContext) => [
      by,
      context.getPriority(),
    ];
    await service.serve({ messages: { 'orders.*': answer('wild') } }, wildcards);
    const caller = await service.connected();
    const call = () => caller.call('orders.price', 1, { priority: 'high' });
    expect(await call()).toEqual(['wild', 'normal']);
    const messages = { 'orders.price': [answer('named'), priorities] as const };
    await service.serve({ messages }, { group: 'named' });
    await expect.poll(call).toEqual(['named', 'high']);
    expect(await caller.call('orders.size', 1, { priority: 'low' })).toEqual(['wild', 'normal']);
  });
});

test('"priorities" is refused with a wildcard', async () => {
  const service = new TestService();
  const handlers = { messages: { 'orders.*': [() => {}, priorities] as const } };
  await expect(service.serve(handlers, wildcards)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('"priorities"'),
    pattern: 'orders.*',
  });
});
