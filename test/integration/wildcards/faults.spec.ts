import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { Keys, shardOf } from '../../../libs/redis-stream-transport/src/protocol/keys.js';
import { eventually } from '../../../tools/wait.js';
import { TestBrokers } from '../../support/brokers.js';
import { Gate } from '../../support/gate.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { lettersOf } from '../dead-letters/letters.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const wildcards = { wildcards: true };

/** A handler that notes the patterns and data that came. */
function noting() {
  const seen: string[] = [];
  const handler = (data: never, context: RedisStreamsContext): string => {
    seen.push(`${context.getPattern()} ${JSON.stringify(data)}`);
    return context.getPattern();
  };
  return { seen, handler };
}

describe('what wildcards must survive', () => {
  it('all instances are away: what another group has handled meanwhile is kept for them', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    const audit = { ...wildcards, group: 'audit' };
    const server = await service.serve({ events: { 'orders.*': handler } }, audit);
    await server.close();
    const named = noting();
    const events = { 'orders.first': named.handler, other: () => {} };
    await service.serve({ events }, { group: 'orders' });
    const caller = await service.connected();
    await caller.tell('orders.first', 1);
    await eventually(() => expect(named.seen).toEqual(['orders.first 1']));
    // Both streams are cleaned in one round.
    const cleaned = async () => {
      await caller.tell('other', 1);
      await eventually(async () => expect(await service.length('other')).toBe(0), 20_000);
    };
    await cleaned();
    await cleaned();
    expect(await service.length('orders.first')).toBe(1);
    await service.serve({ events: { 'orders.*': handler } }, audit);
    await eventually(() => expect(seen).toEqual(['orders.first 1']));
    await eventually(async () => expect(await service.length('orders.first')).toBe(0), 20_000);
  }, 90_000);

  it('a service that names a pattern is away: its calls are refused or wait as ever', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    const messages = { 'orders.price': () => 'named' };
    const named = await service.serve({ messages }, { group: 'prices' });
    await service.serve({ messages: { 'orders.*': handler } }, wildcards);
    const caller = await service.connected();
    expect(await caller.call('orders.price')).toBe('named');
    await named.close();
    const refused = await caller.failure('orders.price', {}, { whenNoConsumer: 'fail' });
    expect(refused).toMatchObject({ code: 'NO_CONSUMER', outcome: 'not-run' });
    const call = caller.call('orders.price');
    expect(await caller.call('orders.size')).toBe('orders.size');
    await service.serve({ messages }, { group: 'prices' });
    expect(await call).toBe('named');
    expect(seen).toEqual(['orders.size {}']);
  });

  it('who only hears events by a wildcard refuses no calls of a service that is away', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.serve({ events: { '*': handler } }, { ...wildcards, group: 'audit' });
    const caller = await service.connected({ whenNoConsumer: 'wait' });
    const call = caller.call('orders.price', 1);
    await caller.tell('orders.price', 2);
    await eventually(() => expect(seen).toEqual(['orders.price 2']));
    await eventually(async () => expect(await service.pending('orders.price', 'audit')).toBe(0));
    await service.serve({ messages: { 'orders.price': () => 'named' } }, { group: 'prices' });
    expect(await call).toBe('named');
  });

  it('keys of another type stop the streams that they belong to, and no others', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    await service.redis.set(service.keys.groups('orders.a'), 'x');
    await service.redis.set(service.keys.live('orders.b'), 'x');
    await service.serve({ events: { 'orders.*': handler } }, wildcards);
    const caller = await service.connected();
    for (const name of ['a', 'b', 'c']) await caller.tell(`orders.${name}`, 1);
    await eventually(() => expect(new Set(seen)).toEqual(new Set(['orders.b 1', 'orders.c 1'])));
  });

  it('Redis loses its memory: what is written right after it is handled, in streams that are new or not', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const { seen, handler } = noting();
    const handlers = { events: { 'orders.*': handler }, messages: { '*.price': handler } };
    await service.serve(handlers, wildcards);
    const caller = await service.connected();
    await caller.tell('orders.a', 1);
    expect(await caller.call('tea.price', 1)).toBe('tea.price');
    await eventually(() => expect(seen).toHaveLength(2));
    await service.redis.flushall();
    await Promise.all([caller.tell('orders.a', 2), caller.tell('orders.b', 2)]);
    expect(await caller.call('tea.price', 2)).toBe('tea.price');
    expect(await caller.call('milk.price', 2)).toBe('milk.price');
    await eventually(() => {
      const after = seen.filter((text) => text.endsWith(' 2'));
      const names = ['milk.price', 'orders.a', 'orders.b', 'tea.price'];
      expect(after.toSorted()).toEqual(names.map((name) => `${name} 2`));
    }, 20_000);
  }, 60_000);

  it('its instances were taken for dead, and another service named the pattern meanwhile: that one answers alone', async () => {
    const service = new TestService();
    const { seen, handler } = noting();
    const { keys, redis } = service;
    const who = (_: never, context: RedisStreamsContext) => context.getConsumer();
    const messages = { 'orders.*': handler, who };
    await service.serve({ messages }, wildcards);
    const caller = await service.connected();
    expect(await caller.call('orders.price', 0)).toBe('orders.price');
    // As others of its group do with a frozen one.
    await redis.set(keys.lease(await caller.call<string>('who')), '+');
    await redis.del(keys.live('orders.price'), keys.live('orders.*'));
    const named = noting();
    await service.serve({ messages: { 'orders.price': named.handler } }, { group: 'prices' });
    await redis.spublish(keys.nudge('service'), 'joined');
    await eventually(async () => {
      const kinds = (await redis.hget(keys.groups('orders.price'), 'service'))?.split(' ')[1];
      expect(kinds).toBe('e');
    }, 20_000);
    for (const i of range(20)) await caller.call('orders.price', 100 + i);
    expect(await caller.call('orders.size', 2)).toBe('orders.size');
    expect(named.seen).toEqual(range(20).map((i) => `orders.price ${100 + i}`));
    expect(seen).toEqual(['orders.price 0', 'orders.size 2']);
    const live = await redis.zrange(keys.live('orders.price'), '0', '-1');
    expect(live.filter((member) => member.startsWith('service '))).toEqual([]);
  }, 60_000);

  it('a stray call has brought a stream: the service that names the pattern has it from its start, and each call runs once', async () => {
    const service = new TestService();
    const [gate, begun] = [new Gate(), new Gate()];
    const ran: string[] = [];
    const wild = async (data: number) => {
      ran.push(`wild ${data}`);
      begun.open();
      if (data === 1) await gate.opened;
      return 'wild';
    };
    for (const _ of range(2)) await service.serve({ messages: { 'orders.*': wild } }, wildcards);
    const caller = await service.connected();
    expect(await caller.call('orders.price', 0)).toBe('wild');
    const running = caller.call('orders.price', 1);
    await begun.opened;
    await eventually(() => expect(ran).toContain('wild 1'));
    const named = (data: number) => {
      ran.push(`named ${data}`);
      return 'named';
    };
    const meanwhile = range(20).map((i) => caller.call('orders.price', 10 + i));
    await service.serve({ messages: { 'orders.price': named } }, { group: 'prices' });
    await Promise.all(meanwhile);
    for (const i of range(20)) expect(await caller.call('orders.price', 100 + i)).toBe('named');
    gate.open();
    expect(await running).toBe('wild');
    expect(await caller.call('orders.size', 2)).toBe('wild');
    const data = ran.map((text) => Number(text.split(' ')[1]));
    expect(data.toSorted((a, b) => a - b)).toEqual([
      ...[0, 1, 2],
      ...range(20).map((i) => 10 + i),
      ...range(20).map((i) => 100 + i),
    ]);
  }, 60_000);

  it('a release with a wildcard takes the place of one that named the pattern: what that one left is handled', async () => {
    const service = new TestService();
    const failing = () => Promise.reject(new Error('no'));
    const retry = { attempts: 50, delay: 1000, factor: 1 };
    const named = await service.serve({ events: { 'orders.paid': failing } }, { retry });
    const caller = await service.connected();
    await caller.tell('orders.paid', 1);
    await caller.tell('orders.paid', 2, { delay: 12_000 });
    await eventually(async () => expect(await service.pending('orders.paid')).toBe(1));
    // The memory is older than this: a stream does not become known before a service with wildcards has come.
    const { keys, redis } = service;
    await redis.del(keys.streams());
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, { ...wildcards, retry });
    const known = () => redis.zscore(keys.streams(), 'sorders.paid');
    await eventually(async () => expect(await known()).not.toBeNull(), 20_000);
    await named.close();
    const both = new Set(['orders.paid 1', 'orders.paid 2']);
    await eventually(() => expect(new Set(seen)).toEqual(both), 30_000);
  }, 90_000);

  it('a dead letter is put back into a stream that was dropped: it is read again', async () => {
    const service = new TestService();
    let fails = true;
    const { seen, handler } = noting();
    const failing = (data: never, context: RedisStreamsContext) => {
      if (fails) throw new Error('no');
      return handler(data, context);
    };
    const retry = { attempts: 1, delay: 1 };
    await service.serve({ events: { 'orders.*': failing } }, { ...wildcards, retry });
    const caller = await service.connected();
    await caller.tell('orders.paid', 1);
    const letters = lettersOf(service);
    const ids: string[] = [];
    await eventually(async () => {
      for await (const { id } of letters.list()) ids.push(id);
      expect(ids).not.toHaveLength(0);
    });
    fails = false;
    const { keys, redis } = service;
    await redis.del(keys.stream('orders.paid'), keys.groups('orders.paid'));
    await redis.zrem(keys.streams(), 'sorders.paid');
    // The instance finds out that it is gone, and reads it no more.
    await caller.tell('orders.other', 1);
    await eventually(() => expect(seen).toEqual(['orders.other 1']));
    await letters.replay(ids[0]!);
    await eventually(() => expect(seen).toContain('orders.paid 1'), 20_000);
  }, 60_000);

  it('other streams come: a call that nobody was given has certainly not run', async () => {
    const service = new TestService();
    const brokers = await TestBrokers.in(service);
    await brokers.group('away').ensureGroup('work', 'r', false);
    const { seen, handler } = noting();
    await service.serve({ events: { 'orders.*': handler } }, wildcards);
    const caller = await service.connected({ whenNoConsumer: 'wait' });
    const abort = new AbortController();
    const call = caller.failure('work', {}, { signal: abort.signal });
    await eventually(async () => expect(await service.length('work')).toBe(1));
    for (const name of ['a', 'b']) await caller.tell(`orders.${name}`, 1);
    await eventually(() => expect(seen).toHaveLength(2));
    abort.abort();
    expect(await call).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
  });

  it.each([1, 3])(
    'a handler with a bound takes no more than can start, and keeps no other pattern waiting (%i shards)',
    async (shards) => {
      const service = new TestService();
      // In another shard than the wildcard itself, of which the bound is known from the beginning.
      const others = (name: string) => shards === 1 || shardOf(name, shards) !== home;
      const home = shardOf('orders.*', shards);
      const slow = range(100)
        .map((i) => `orders.slow-${i}`)
        .find(others) as string;
      const beside = range(100)
        .map((i) => `orders.${i}`)
        .filter((name) => shardOf(name, shards) === shardOf(slow, shards));
      const gate = new Gate();
      const begun = new Gate();
      const wait = async (_: never, context: RedisStreamsContext) => {
        if (context.getPattern() !== slow) return context.getPattern();
        begun.open();
        await gate.opened;
        return 'slow';
      };
      const messages = { 'orders.*': [wait, { concurrency: 1 }] as const };
      await service.serve({ messages }, { ...wildcards, shards, concurrency: 3 });
      const caller = await service.connected({ shards });
      const calls = range(20).map(() => caller.call(slow));
      await begun.opened;
      for (const name of beside.slice(0, 3)) expect(await caller.call(name)).toBe(name);
      // What cannot start waits in Redis, for other instances.
      const key = new Keys(service.prefix, shardOf(slow, shards), shards).stream(slow);
      const [pending] = await service.redis.xpending(key, 'service');
      expect(pending).toBeLessThanOrEqual(2);
      gate.open();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['slow']));
    },
  );
});
