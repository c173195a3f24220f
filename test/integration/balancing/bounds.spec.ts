import type { Producer } from '../../../libs/redis-stream-transport/src/engine/producer/producer.js';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { services } from '../../support/intercepted-service.js';
import { range, Tally } from '../../support/tally.js';

/** A handler that notes how many of it run at once. */
function meter() {
  let running = 0;
  const seen = { most: 0 };
  const handler = async (): Promise<number> => {
    seen.most = Math.max(seen.most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 3));
    return running--;
  };
  return { seen, handler };
}

describe.each(services)('bounds of a server, %s:', (_where, TestService) => {
  it('runs at most `concurrency` handlers at once, and as many', async () => {
    const service = new TestService();
    const { seen, handler } = meter();
    await service.serve({ messages: { work: handler } }, { concurrency: 7 });
    const client = await service.connected();
    await Promise.all(range(100).map(() => client.call('work')));
    expect(seen.most).toBe(7);
  });

  it('keeps a pattern under its own bound without holding the others up', async () => {
    const service = new TestService();
    const slow = meter();
    const fast = meter();
    const gate = new Gate();
    await service.serve(
      {
        messages: {
          slow: [() => gate.opened.then(slow.handler), { concurrency: 2 }],
          fast: fast.handler,
        },
      },
      { concurrency: 10 },
    );
    const client = await service.connected();
    const held = range(20).map(() => client.call('slow'));
    await eventually(async () => expect(await service.pending('slow')).toBeGreaterThan(0));
    await Promise.all(range(50).map(() => client.call('fast')));
    gate.open();
    await Promise.all(held);
    expect(slow.seen.most).toBe(2);
    expect(fast.seen.most).toBeGreaterThan(2);
  });

  it('serves many patterns with few slots', async () => {
    const service = new TestService();
    const handled = new Tally();
    const meters = meter();
    const patterns = range(120).map((i) => `pattern.${i}`);
    const messages = Object.fromEntries(
      patterns.map((pattern) => [
        pattern,
        async (key: string) => {
          handled.add(key);
          await meters.handler();
          return pattern;
        },
      ]),
    );
    await service.serve({ messages }, { concurrency: 10 });
    const client = await service.connected();
    const calls = patterns.flatMap((pattern) =>
      range(3).map((i) => client.call(pattern, `${pattern} ${i}`)),
    );
    expect(await Promise.all(calls)).toEqual(patterns.flatMap((p) => [p, p, p]));
    expect(handled.repeated).toEqual([]);
    expect(meters.seen.most).toBeLessThanOrEqual(10);
    // And one by one, when nothing else goes on.
    for (const pattern of [patterns[3]!, patterns[119]!]) {
      expect(await client.call(pattern, 'alone')).toBe(pattern);
    }
  });

  it('holds no more entries than can start, whichever streams they come from', async () => {
    const service = new TestService();
    const gate = new Gate();
    const patterns = ['a', 'b', 'c', 'd'];
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const calls = patterns.flatMap((pattern) => range(50).map(() => client.call(pattern)));
    await eventually(async () => {
      for (const pattern of patterns) expect(await service.length(pattern)).toBe(50);
    });
    const handler = () => gate.opened;
    const messages = Object.fromEntries(patterns.map((pattern) => [pattern, handler]));
    await service.serve({ messages }, { concurrency: 12 });
    const pending = async () => {
      const counts = await Promise.all(patterns.map((pattern) => service.pending(pattern)));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await eventually(async () => expect(await pending()).toBeGreaterThanOrEqual(12));
    expect(await pending()).toBeLessThanOrEqual(12);
    gate.open();
    await Promise.allSettled(calls);
  });

  it('serves lanes, and patterns outside of them', async () => {
    const service = new TestService();
    const lanes = { shared: ['a', 'b'] };
    await service.serve({ messages: { a: () => 'a', b: () => 'b', c: () => 'c' } }, { lanes });
    const client = await service.connected({ lanes });
    const answers = await Promise.all(['a', 'b', 'c'].map((pattern) => client.call(pattern)));
    expect(answers).toEqual(['a', 'b', 'c']);
    expect(
      await service.redis.exists(service.keys.stream('shared'), service.keys.stream('c')),
    ).toBe(2);
    expect(await service.redis.exists(service.keys.stream('a'))).toBe(0);
  });

  it('serves several shards', async () => {
    const service = new TestService();
    const patterns = range(20).map((i) => `p${i}`);
    const messages = Object.fromEntries(patterns.map((p) => [p, () => p]));
    const events = new Tally();
    await service.serve({ messages, events: { e: (n: number) => events.add(n) } }, { shards: 4 });
    await service.serve({ messages, events: { e: (n: number) => events.add(n) } }, { shards: 4 });
    const client = await service.connected({ shards: 4 });
    const answers = await Promise.all(patterns.map((pattern) => client.call(pattern)));
    expect(answers).toEqual(patterns);
    await Promise.all(range(10).map((n) => client.tell('e', n)));
    await eventually(() => expect(events.total).toBe(10));
    const tags = new Set<string>();
    for (const key of await service.keysLike(`{${service.prefix}*`)) tags.add(key.split('}')[0]!);
    expect(tags.size).toBe(4);
  });
});

describe('bounds of a client', () => {
  const [[, TestService]] = services;
  const producerOf = (client: Caller) => (client as unknown as { producer: Producer }).producer;

  it('refuses more calls than `maxPending`, certainly not run', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve({ messages: { work: () => gate.opened.then(() => 'done') } });
    const client = await service.connected({ maxPending: 5 });
    const held = range(5).map(() => client.call('work'));
    expect(await client.failure('work')).toMatchObject({ code: 'OVERLOADED', outcome: 'not-run' });
    gate.open();
    expect(await Promise.all(held)).toEqual(range(5).map(() => 'done'));
    expect(await client.call('work')).toBe('done');
  });

  it('refuses what does not fit under `maxBacklog`, certainly not run', async () => {
    const service = new TestService();
    const options = { maxBacklog: 3, whenNoConsumer: 'wait' as const };
    const client = await service.connected(options);
    const outcomes = await Promise.allSettled([
      ...range(5).map(() => client.call('work', {}, { timeout: 1500 })),
      ...range(2).map(() => client.tell('work')),
    ]);
    const codes = outcomes.map((one) =>
      one.status === 'rejected' ? (one.reason as { code: string; outcome: string }) : undefined,
    );
    const full = codes.filter((error) => error?.code === 'OVERLOADED');
    expect(full).toHaveLength(4);
    for (const error of full) expect(error).toMatchObject({ outcome: 'not-run' });
  });

  it('forgets 10,000 calls that ran out of time', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const failures = await Promise.all(
      range(10_000).map(() => client.failure('work', {}, { timeout: 500 })),
    );
    for (const failure of failures) expect(failure).toMatchObject({ code: 'TIMEOUT' });
    expect(producerOf(client).pending).toBe(0);
    await eventually(async () => expect(await service.length('work')).toBe(0));
  });

  it('an unsubscribed call never runs when it had not started', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const subscriptions = range(20).map((key) => client.send('work', key).subscribe());
    await eventually(async () => expect(await service.length('work')).toBe(20));
    for (const subscription of subscriptions.slice(0, 15)) subscription.unsubscribe();
    // And one that is given up before it left.
    client.send('work', 99).subscribe().unsubscribe();
    expect(producerOf(client).pending).toBe(5);
    await eventually(async () => expect(await service.length('work')).toBe(5));
    const ran: number[] = [];
    await service.serve({ messages: { work: (key: number) => ran.push(key) } });
    await eventually(() => expect(ran).toHaveLength(5));
    expect(ran).toEqual([15, 16, 17, 18, 19]);
  });
});
