import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { TestService } from '../../support/test-service.js';

const options = { wildcards: true };
const answer =
  (name: string) =>
  (_: never, context: RedisStreamsContext): unknown => [name, context.getPattern()];

describe('N3 messages of patterns that wildcards stand for', () => {
  test('a first call is answered, and the context has the pattern that was sent', async () => {
    const service = new TestService();
    await service.serve({ messages: { 'orders.*': answer('wild') } }, options);
    const caller = await service.connected();
    for (const pattern of ['orders.price', 'orders.price', 'orders.a.b'])
      expect(await caller.call(pattern, 7)).toEqual(['wild', pattern]);
  });

  test('a handler that names the pattern goes before wildcards, and of these the one that says most', async () => {
    const service = new TestService();
    const messages = {
      '*': answer('all'),
      'orders.*': answer('orders'),
      'orders.price': answer('named'),
    };
    await service.serve({ messages }, options);
    const caller = await service.connected();
    const names = [];
    for (const pattern of ['orders.price', 'orders.size', 'places'])
      names.push((await caller.call<string[]>(pattern))[0]);
    expect(names).toEqual(['named', 'orders', 'all']);
  });

  test.each(['fail', 'wait', 1000] as const)(
    'whenNoConsumer: %j: what no wildcard stands for is refused as ever',
    async (whenNoConsumer) => {
      const service = new TestService();
      await service.serve({ messages: { 'orders.?': answer('wild') } }, options);
      const caller = await service.connected({ whenNoConsumer, timeout: 1500 });
      expect(await caller.call('orders.1')).toEqual(['wild', 'orders.1']);
      expect(await caller.failure('orders.12')).toMatchObject({
        code: whenNoConsumer === 'wait' ? 'TIMEOUT' : 'NO_CONSUMER',
      });
    },
  );

  test('calls wait for a service with wildcards within their grace', async () => {
    const service = new TestService();
    const caller = await service.connected({ whenNoConsumer: 20_000 });
    const call = caller.call('orders.late');
    await service.serve({ messages: { '*.late': answer('wild') } }, options);
    expect(await call).toEqual(['wild', 'orders.late']);
  });

  test('without the option a wildcard stands for itself', async () => {
    const service = new TestService();
    await service.serve({ messages: { 'orders.*': answer('wild') } });
    const caller = await service.connected({ whenNoConsumer: 'fail' });
    expect(await caller.call('orders.*')).toEqual(['wild', 'orders.*']);
    expect(await caller.failure('orders.price')).toMatchObject({ code: 'NO_CONSUMER' });
    expect(await service.redis.exists(service.keys.looked(), service.keys.wildcards())).toBe(0);
  });

  test('the text of an object is matched as it is', async () => {
    const service = new TestService();
    await service.serve({ messages: { '{"cmd":"sum*"}': answer('wild') } }, options);
    const caller = await service.connected();
    expect(await caller.call({ cmd: 'sum.all' } as never)).toEqual(['wild', '{"cmd":"sum.all"}']);
  });

  test('instances share the calls, and who comes later reads what is known', async () => {
    const service = new TestService();
    const first = await service.serve({ messages: { 'orders.*': () => 'first' } }, options);
    const caller = await service.connected();
    expect(await caller.call('orders.a')).toBe('first');
    await service.serve({ messages: { 'orders.*': () => 'second' } }, options);
    await first.close();
    expect(await caller.call('orders.a')).toBe('second');
  });

  test('another group that answers a pattern keeps it', async () => {
    const service = new TestService();
    await service.serve({ messages: { 'orders.price': answer('named') } }, { group: 'prices' });
    await service.serve({ messages: { 'orders.*': answer('wild') } }, options);
    const caller = await service.connected();
    for (let i = 0; i < 20; i++)
      expect(await caller.call('orders.price', i)).toEqual(['named', 'orders.price']);
    expect(await caller.call('orders.size')).toEqual(['wild', 'orders.size']);
  });

  test('of two groups with wildcards one answers a pattern, each call once', async () => {
    const service = new TestService();
    const ran: unknown[] = [];
    const messages = { 'orders.*': (data: never) => ran.push(data) };
    await service.serve({ messages }, { ...options, group: 'one' });
    await service.serve(
      { messages: { '*.price': messages['orders.*'] } },
      { ...options, group: 'two' },
    );
    const caller = await service.connected();
    await Promise.all(Array.from({ length: 50 }, (_, i) => caller.call('orders.price', i)));
    expect(ran.toSorted((one, other) => Number(one) - Number(other))).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  test('in several shards, and beyond 32 streams', async () => {
    const service = new TestService();
    const shards = { shards: 3 };
    await service.serve({ messages: { 'orders.*': answer('wild') } }, { ...options, ...shards });
    const caller = await service.connected(shards);
    const patterns = Array.from({ length: 60 }, (_, i) => `orders.${i}`);
    const answers = await Promise.all(patterns.map((pattern) => caller.call<string[]>(pattern)));
    expect(answers.map((one) => one[1])).toEqual(patterns);
    expect(
      await Promise.all(patterns.map((pattern) => caller.call<string[]>(pattern))),
    ).toHaveLength(60);
  });
});

describe('wildcards have bounds', () => {
  test('no more streams than wildcardStreams are read, and that is told', async () => {
    const service = new TestService();
    const server = await service.serve(
      { events: { 'orders.*': () => {} } },
      { ...options, wildcardStreams: 2 },
    );
    const caller = await service.connected();
    for (let i = 0; i < 4; i++) await caller.tell(`orders.${i}`);
    await expect.poll(() => server.health().leftOut).toBe(2);
  });

  test.each([
    [{ spread: 2 }, 'spread', 'messages'],
    [{ lane: 'all' }, 'lane', 'messages'],
    [{ broadcast: true }, 'broadcast', 'events'],
  ] as const)('%j is refused with a wildcard', async (extras, name, kind) => {
    const service = new TestService();
    const handlers = { [kind]: { 'orders.*': [() => {}, extras] as const } };
    await expect(service.serve(handlers, options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`"${name}"`),
      pattern: 'orders.*',
    });
  });

  test('a lane is refused as an option too, and so are more than a thousand wildcards', async () => {
    const service = new TestService();
    const events = { 'orders.*': () => {} };
    const lanes = { lane: ['orders.*'] };
    await expect(service.serve({ events }, { ...options, lanes })).rejects.toThrow('"lanes"');
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`${i}.*`, () => {}]));
    await expect(service.serve({ events: many }, options)).rejects.toThrow('may have 1000');
  });
});
