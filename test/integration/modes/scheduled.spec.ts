import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { noAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { eventually } from '../../../tools/wait.js';
import { proxyIn } from '../../support/proxy.js';
import { timeOf, waiting } from '../../support/scheduled.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

// N5: events that are due later, and what is refused of both.

/** A handler that notes when it was called by Redis' clock, which is that of the entry's id. */
function noting() {
  const heard: { readonly data: unknown; readonly at: number }[] = [];
  const told = (data: unknown, context: RedisStreamsContext): void => {
    heard.push({ data, at: Number.parseInt(context.getMessageId(), 10) });
  };
  return { heard, told };
}

describe('N5 an event with a delay', () => {
  test('is stored at once, and runs when it is due, by instances that are there', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    await service.serve({ events: { told } });
    const client = await service.connected();
    const from = await timeOf(service);
    const ids: string[] = [];
    await client.tell('told', 'late', { delay: 700, onStored: ({ id }) => void ids.push(id) });
    expect(await service.redis.hkeys(service.keys.later('told'))).toEqual(ids);
    const stored = await timeOf(service);
    expect(await waiting(service, 'told')).toEqual([1, 1]);
    expect(await service.length('told')).toBe(0);
    await client.tell('told', 'at once');
    await eventually(() => expect(heard.map(({ data }) => data)).toEqual(['at once', 'late']));
    expect(heard[1]?.at).toBeGreaterThanOrEqual(from + 700);
    // Exact to 100 ms, and a busy machine has some more.
    expect(heard[1]?.at).toBeLessThan(stored + 700 + 2000);
    expect(await waiting(service, 'told')).toEqual([0, 0]);
  });

  test('waits for an instance, and for none of the caller', async () => {
    const service = new TestService();
    const client = service.client();
    await client.tell('told', { id: 'a1' }, { delay: 20, headers: { trace: 't1' } });
    await client.tell('told', { id: 'a2' }, { notBefore: new Date(Date.now() - 1000) });
    await client.close();
    const { redis, keys } = service;
    await eventually(async () => {
      const last = Math.max(
        ...(await redis.zrange(keys.when('told'), '-1', '-1', 'WITHSCORES')).slice(1).map(Number),
      );
      expect(await timeOf(service)).toBeGreaterThan(last);
    });
    expect(await service.length('told')).toBe(0);
    const seen: unknown[] = [];
    const told = (data: unknown, context: RedisStreamsContext): void => {
      seen.push({ data, trace: context.getMetadata()['trace'] });
    };
    await service.serve({ events: { told } });
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toContainEqual({ data: { id: 'a1' }, trace: 't1' });
    expect(seen).toContainEqual({ data: { id: 'a2' }, trace: undefined });
  });

  test('runs before one that was stored earlier and is due later', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    await service.serve({ events: { told } });
    const client = await service.connected();
    await client.tell('told', 'never', { delay: 3_600_000 });
    const at = (await timeOf(service)) + 200;
    await client.tell('told', 'soon', { notBefore: at });
    await eventually(() => expect(heard).toHaveLength(1));
    expect(heard[0]).toMatchObject({ data: 'soon' });
    expect(heard[0]?.at).toBeGreaterThanOrEqual(at);
    expect(await waiting(service, 'told')).toEqual([1, 1]);
  });

  test('runs once in each group, however many instances look', async () => {
    const service = new TestService();
    const [one, other] = [noting(), noting()];
    for (let i = 0; i < 3; i++) await service.serve({ events: { told: one.told } });
    await service.serve({ events: { told: other.told } }, { group: 'other' });
    const client = await service.connected();
    await Promise.all(range(250).map((i) => client.tell('told', i, { delay: 50 + (i % 40) })));
    for (const { heard } of [one, other]) {
      await eventually(() => expect(heard).toHaveLength(250));
      expect(heard.map(({ data }) => data).toSorted()).toEqual(range(250).toSorted());
    }
    expect(await waiting(service, 'told')).toEqual([0, 0]);
  });

  test('is added soon after it is due, also with a thousand others', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    await service.serve({ events: { told } });
    const client = await service.connected();
    const due = (await timeOf(service)) + 3000;
    await Promise.all(range(1000).map((i) => client.tell('told', i, { notBefore: due })));
    await eventually(() => expect(heard).toHaveLength(1000), 20_000);
    const late = heard.map(({ at }) => at - due);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    // Within 100 ms where nothing else happens: docs/delays.md. The looks that a lost message costs come 30 s later.
    expect(Math.max(...late)).toBeLessThan(10_000);
  }, 60_000);

  test('reaches broadcasts and lanes', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    await service.serve(
      { events: { told: [told, { broadcast: true }] } },
      { lanes: { lane: ['told'] } },
    );
    const client = await service.connected({ lanes: { lane: ['told'] } });
    await client.tell('told', 1, { delay: 50 });
    await eventually(() => expect(heard).toMatchObject([{ data: 1 }]));
  });

  test('expires after it is due, not before', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    await service.serve({ events: { told } });
    await (await service.connected()).tell('told', 1, { delay: 300, expiresIn: 200_000 });
    await eventually(() => expect(heard).toHaveLength(1));
  });

  test('expires so long after it was added, however long it waited for that', async () => {
    const service = new TestService();
    const { redis, keys } = service;
    const client = await service.connected();
    const options = { delay: 3_600_000, expiresIn: 30_000 };
    await client.tell('told', 'in time', options);
    await client.tell('told', 'late', options);
    const [header] = (await redis.hvals(keys.later('told'))).map(
      (text) => (JSON.parse(text) as string[])[1],
    );
    expect(header).toBe('1 json - - 30000');
    // Both have been due for longer than that: nobody was there to add them.
    const now = await timeOf(service);
    for (const id of await redis.hkeys(keys.later('told')))
      await redis.zadd(keys.when('told'), now - 60_000, id);
    const { heard, told } = noting();
    await service.serve({ events: { told } });
    await eventually(() =>
      expect(heard.map(({ data }) => data).toSorted()).toEqual(['in time', 'late']),
    );
  });

  test('with a message id is stored once, however often its sender tries again', async () => {
    const service = new TestService();
    const { heard, told } = noting();
    const { proxy, through } = await proxyIn(service);
    const sender = await service.connected(through);
    const later = { delay: 1500, messageId: 'a' };
    // Redis has it, and the sender does not know: it says it again, and so does the application.
    proxy.treat(noAnswers);
    const first = sender.tell('told', 1, { ...later, timeout: 10_000 });
    await eventually(async () => expect(await waiting(service, 'told')).toEqual([1, 1]));
    proxy.greet(pass);
    proxy.cut();
    await first;
    await sender.tell('told', 1, later);
    await (await service.connected()).tell('told', 1, { ...later, delay: 10 });
    expect(await waiting(service, 'told')).toEqual([1, 1]);
    await service.serve({ events: { told } });
    await eventually(() => expect(heard).toHaveLength(1));
    await (await service.connected()).tell('told', 1, later);
    expect(await waiting(service, 'told')).toEqual([0, 0]);
    expect(await service.length('told')).toBeLessThanOrEqual(1);
  });

  test('is refused where too many wait', async () => {
    const service = new TestService();
    const client = await service.connected({ maxBacklog: 2 });
    await client.tell('told', 1, { delay: 60_000 });
    await client.tell('told', 2, { delay: 60_000 });
    await expect(client.tell('told', 3, { delay: 60_000 })).rejects.toMatchObject({
      code: 'OVERLOADED',
      outcome: 'not-run',
    });
    expect(await waiting(service, 'told')).toEqual([2, 2]);
  });

  test('becomes a dead letter if others have made it unreadable', async () => {
    const service = new TestService();
    const { redis, keys } = service;
    await redis.hset(keys.later('told'), 'one', '["c"', 'two', '["c",7]', 'three', '[]');
    await redis.zadd(keys.when('told'), 1, 'one', 2, 'two', 3, 'three', 4, 'four');
    await service.serve({ events: { told: () => undefined } });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(3));
    const letters = await service.deadLetters();
    expect(letters.map(({ reason, d }) => [reason, d])).toEqual([
      ['malformed', '["c"'],
      ['malformed', '["c",7]'],
      ['malformed', '[]'],
    ]);
    expect(await waiting(service, 'told')).toEqual([0, 0]);
  });

  test('stays where it is while its stream cannot be written', async () => {
    const service = new TestService();
    const { redis, keys } = service;
    await redis.set(keys.stream('told'), 'a text');
    await redis.hset(keys.later('told'), 'one', '["c","1 json - - 0","d","1"]');
    await redis.zadd(keys.when('told'), 1, 'one');
    const { heard, told } = noting();
    await service.serve({ events: { told, other: told } });
    expect(await waiting(service, 'told')).toEqual([1, 1]);
    expect(heard).toEqual([]);
  });
});

describe('N5 a delay is refused', () => {
  test.each([
    [{ delay: -1 }, /"delay"/],
    [{ delay: 1.5 }, /"delay"/],
    [{ delay: 31_536_000_001 }, /"delay"/],
    [{ notBefore: new Date(Number.NaN) }, /"notBefore"/],
    [{ notBefore: Date.now() + 31_537_000_000 }, /"notBefore"/],
    [{ notBefore: '2030-01-01' as never }, /"notBefore"/],
    [{ delay: 1, notBefore: 1 }, /"delay" and "notBefore"/],
  ])('as %o', async (options, message) => {
    const client = await new TestService().connected();
    const stored = client.tell('told', 1, options);
    await expect(stored).rejects.toMatchObject({ code: 'INVALID_OPTION', outcome: 'not-run' });
    await expect(stored).rejects.toThrow(message);
  });

  test('for a call that must be served at once, or takes too long', async () => {
    const client = await new TestService().connected();
    const refused = { code: 'INVALID_OPTION', outcome: 'not-run' };
    for (const options of [
      { delay: 1, whenNoConsumer: 'fail' },
      { delay: 2 ** 31 - 1, timeout: 1 },
    ] as const)
      expect(await client.failure('work', 1, options)).toMatchObject(refused);
  });

  test('for a call of a handler that ends before', async () => {
    const service = new TestService();
    const inner = await service.connected();
    const work = () =>
      inner.failure('other', 1, { delay: 60_000 }).then((e) => (e as Error).message);
    await service.serve({ messages: { work } });
    const client = await service.connected();
    expect(await client.call('work', 1, { timeout: 5000 })).toMatch(/ends before it is due/);
  });
});
