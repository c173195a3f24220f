import { type RecordOptions, RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { Instance } from '../../support/instance.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { lettersOf } from '../dead-letters/letters.js';

/** Adds a pack of events by hand, as the protocol document says. Returns its entry. */
async function emitted(
  service: TestService,
  data: readonly string[],
  { line = `1 pack.json ${data.length} - 0`, more = [] as string[], pattern = 'told' } = {},
): Promise<string> {
  const fields = ['c', line, 'd', `[${data.join(',\n')}]`, ...more];
  return (await service.redis.xadd(service.keys.stream(pattern), '*', ...fields)) as string;
}

/** The group, before any instance of it: events that come now are for it. */
const made = (service: TestService, ...groups: string[]) =>
  Promise.all(
    groups.map((group) =>
      service.redis.xgroup('CREATE', service.keys.stream('told'), group, '0', 'MKSTREAM'),
    ),
  );

/** All groups have ended it. */
async function isOver(service: TestService, ...groups: string[]): Promise<void> {
  for (const group of groups.length === 0 ? ['service'] : groups)
    await eventually(async () => expect(await service.pending('told', group)).toBe(0));
  expect(await service.redis.exists(service.keys.part('told'), service.keys.due('told'))).toBe(0);
}

/** A consumer that took the pack and left a tombstone. */
async function ghost(
  service: TestService,
  { deliveries = 1, state }: { deliveries?: number; state?: string } = {},
): Promise<string> {
  const { redis, keys } = service;
  const stream = keys.stream('told');
  const [id] = (await redis.xrange(stream, '-', '+'))[0] as [string, string[]];
  await redis.xreadgroup('GROUP', 'service', 'ghost', 'COUNT', 1, 'STREAMS', stream, '>');
  const claim = ['service', 'ghost', 0, id, 'RETRYCOUNT', deliveries, 'JUSTID'] as const;
  await redis.call('XCLAIM', stream, ...claim);
  if (state !== undefined) await redis.hset(keys.part('told'), `${id} service`, state);
  await redis.set(keys.lease('ghost'), '+');
  return id;
}

const EVENT = '1 json - - 0';

describe('a pack of events', () => {
  it('runs event by event, each under its name, and leaves nothing behind', async () => {
    const service = new TestService();
    const seen: unknown[] = [];
    const told = (data: number, context: RedisStreamsContext) =>
      void seen.push([data, context.getMessageId()]);
    await service.serve({ events: { told } });
    const id = await emitted(service, ['1', '2', '3']);
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen).toEqual([1, 2, 3].map((data, place) => [data, `${id}#${place}`]));
    await isOver(service);
  });

  it('P1: runs only the event again that failed', async () => {
    const service = new TestService();
    const runs = new Tally();
    const told = (data: number) => {
      if (data === 2 && runs.counts.get(2) === undefined) {
        runs.add(2);
        throw new RetryLater(20);
      }
      runs.add(data);
    };
    await service.serve({ events: { told } });
    const id = await emitted(service, ['1', '2', '3']);
    await eventually(() => expect(runs.total).toBe(4));
    expect(runs.repeated).toEqual([2]);
    await isOver(service);
    expect(await service.redis.exists(service.keys.due('told'))).toBe(0);
    expect(id).toMatch(/^\d+-\d+$/);
  });

  it('P19: becomes a dead letter of the event alone that failed for good', async () => {
    const service = new TestService();
    const seen: number[] = [];
    const told = (data: number) => {
      if (data === 2) throw new Error('never');
      seen.push(data);
    };
    await service.serve({ events: { told } }, { retry: { attempts: 1 } });
    const h = '[null,\n{"a":"b"},\nnull]';
    const id = await emitted(service, ['1', '2', '3'], { more: ['h', h] });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    const [letter] = await service.deadLetters();
    expect(letter).toMatchObject({ id: `${id}#1`, c: EVENT, d: '2', h: '{"a":"b"}' });
    expect(letter).toMatchObject({ pattern: 'told', reason: 'attempts' });
    expect(seen).toEqual([1, 3]);
    await isOver(service);
  });

  it('P20: ends differently in each group, which notes that for itself', async () => {
    const service = new TestService();
    await made(service, 'service', 'other');
    const id = await emitted(service, ['1', '2', '3']);
    const gate = new Gate();
    const told = async (data: number) => {
      if (data === 2) await gate.opened;
    };
    await service.serve({ events: { told } });
    const state = (group: string) =>
      service.redis.hget(service.keys.part('told'), `${id} ${group}`);
    await eventually(async () => expect(await state('service')).toBe('x.x'));
    const seen: number[] = [];
    const failing = (data: number) => {
      seen.push(data);
      if (data === 3) throw new Error('never');
    };
    const other = { group: 'other', retry: { attempts: 1 } };
    await service.serve({ events: { told: failing } }, other);
    await eventually(async () => expect(await service.pending('told', 'other')).toBe(0));
    expect(seen).toEqual([1, 2, 3]);
    expect((await service.deadLetters('other')).map(({ d }) => d)).toEqual(['3']);
    expect(await state('service')).toBe('x.x');
    gate.open();
    await isOver(service, 'service', 'other');
    expect(await service.deadLetters()).toEqual([]);
  });

  it('P4: goes on with the events that have not ended', async () => {
    const service = new TestService();
    await made(service, 'service');
    await emitted(service, ['1', '2', '3']);
    await ghost(service, { state: 'x..' });
    const runs: number[] = [];
    await service.serve({ events: { told: (data: number) => void runs.push(data) } });
    await eventually(() => expect(runs).toEqual([2, 3]));
    await isOver(service);
  });

  it('P7: is looked at before it runs when its group was made anew', async () => {
    const service = new TestService();
    await made(service, 'service');
    await emitted(service, ['1', '2', '3']);
    await ghost(service, { state: 'x.x' });
    await service.redis.xgroup('DESTROY', service.keys.stream('told'), 'service');
    await service.redis.hset(service.keys.groups('told'), 'service', '1 e 0-0');
    const runs: number[] = [];
    await service.serve({ events: { told: (data: number) => void runs.push(data) } });
    await eventually(() => expect(runs).toEqual([2]));
    await isOver(service);
  });

  it('P11, P12: runs one by one on its last delivery, each marked before it starts', async () => {
    const service = new TestService();
    await made(service, 'service');
    const id = await emitted(service, ['1', '2', '3']);
    await ghost(service, { deliveries: 2 });
    const seen: (string | null)[] = [];
    const told = async () =>
      void seen.push(await service.redis.hget(service.keys.part('told'), `${id} service`));
    await service.serve({ events: { told } }, { maxDeliveries: 3 });
    await eventually(() => expect(seen).toEqual(['t..', 'xt.', 'xxt']));
    await isOver(service);
    expect(await service.deadLetters()).toEqual([]);
  });

  it('P11: buries the event that was running whenever its instances ended', async () => {
    const service = new TestService();
    await made(service, 'service');
    const id = await emitted(service, ['1', '2', '3']);
    await ghost(service, { deliveries: 3, state: 'xt.' });
    const seen: number[] = [];
    const told = (data: number) => void seen.push(data);
    await service.serve({ events: { told } }, { maxDeliveries: 3 });
    await eventually(() => expect(seen).toEqual([3]));
    await isOver(service);
    const letters = await service.deadLetters();
    expect(letters).toMatchObject([{ id: `${id}#1`, reason: 'deliveries', d: '2', c: EVENT }]);
  });

  it('P13: ends what was started and may be started once only', async () => {
    const service = new TestService();
    await made(service, 'service');
    await emitted(service, ['1', '2', '3']);
    await ghost(service, { deliveries: 3, state: 'xt.' });
    const seen: number[] = [];
    const told = (data: number) => void seen.push(data);
    await service.serve({ events: { told: [told, { atMostOnce: true }] } }, { maxDeliveries: 3 });
    await eventually(() => expect(seen).toEqual([3]));
    await isOver(service);
    expect(await service.deadLetters()).toEqual([]);
  });

  it('P14: loses the event alone that cannot be understood', async () => {
    const service = new TestService();
    const seen: number[] = [];
    await service.serve({ events: { told: (data: number) => void seen.push(data) } });
    const id = await emitted(service, ['1', '{', '3']);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([{ id: `${id}#1`, reason: 'malformed' }]);
    expect(seen).toEqual([1, 3]);
    await isOver(service);
  });

  it('keeps all that it holds of an event that cannot be read in its dead letter', async () => {
    const service = new TestService();
    const seen: number[] = [];
    const told = (data: number) => void seen.push(data);
    const lanes = { lane: ['told', 'heard'] };
    await service.serve({ events: { told } }, { lanes, maxPayloadBytes: 10 });
    const pattern = 'lane';
    const long = JSON.stringify('longer than 10');
    const texts = { h: '[null,\n{"a":"b"},\n{"a":1}]', k: '[null,\n"key",\nnull]' };
    const more = [...Object.entries(texts).flat(), 'p', 'told'];
    const id = await emitted(service, ['1', long, '3'], { more, pattern });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(2));
    expect(await service.deadLetters()).toMatchObject(
      [
        { id: `${id}#1`, error: /large/, c: EVENT, d: long, h: '{"a":"b"}', k: 'key', p: 'told' },
        { id: `${id}#2`, error: /header/, c: EVENT, d: '3', h: '{"a":1}', p: 'told' },
      ].map(({ error, ...rest }) => ({ ...rest, error: expect.stringMatching(error) as string })),
    );
    expect(seen).toEqual([1]);
    // What an operator gives in its place finds its handler.
    const letters = lettersOf(service);
    const [first] = (await letters.page()).letters;
    expect(first).toMatchObject({ pattern: 'told', stream: 'lane', kind: 'event', text: long });
    await letters.replay(first!.id, { data: 4 });
    await eventually(() => expect(seen).toEqual([1, 4]));
  });

  it.each([
    ['fewer events than it says', '1 pack.json 3 - 0'],
    ['more than it may', '1 pack.json 65 - 0'],
    ['no number', '1 pack.json x - 0'],
    ['no time', '1 pack.json 2 -'],
  ])('becomes one dead letter where it has %s', async (_, line) => {
    const service = new TestService();
    const seen: number[] = [];
    await service.serve({ events: { told: (data: number) => void seen.push(data) } });
    const id = await emitted(service, ['1', '2'], { line });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(await service.deadLetters()).toMatchObject([
      { id, reason: 'malformed', c: line, d: '[1,\n2]' },
    ]);
    expect(seen).toEqual([]);
    await isOver(service);
  });

  it('becomes a dead letter for each event where its codec is not read', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } });
    const id = await emitted(service, ['"1"', '"2"'], { line: '1 pack.b64:other 2 - 0' });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(2));
    const letters = await service.deadLetters();
    expect(letters.map((letter) => letter['id'])).toEqual([`${id}#0`, `${id}#1`]);
    expect(letters).toMatchObject([{ c: '1 b64:other - - 0', d: '1' }, { d: '2' }]);
    await isOver(service);
  });

  it('ends without a run where nobody hears it, and in a lane runs what it names', async () => {
    const service = new TestService();
    const seen: number[] = [];
    const events = { told: (data: number) => void seen.push(data), heard: () => undefined };
    await service.serve({ events }, { lanes: { told: ['told', 'heard'] } });
    await emitted(service, ['1', '2'], { more: ['p', 'unheard'] });
    await emitted(service, ['3', '4'], { more: ['p', 'told'] });
    await eventually(() => expect(seen).toEqual([3, 4]));
    await isOver(service);
  });

  it('goes on elsewhere with what has not started when its instance leaves', async () => {
    const service = new TestService();
    await made(service, 'service');
    const id = await emitted(service, ['1', '2', '3', '4']);
    const runs: number[] = [];
    const gate = new Gate();
    const slow = async (data: number) => {
      runs.push(data);
      if (data === 2) await gate.opened;
    };
    const leaving = await service.serve({ events: { told: slow } }, { concurrency: 1 });
    const state = () => service.redis.hget(service.keys.part('told'), `${id} service`);
    await eventually(async () => expect(await state()).toBe('x...'));
    const closed = leaving.close();
    await service.serve({ events: { told: (data: number) => void runs.push(data) } });
    gate.open();
    await closed;
    await eventually(() => expect(runs).toEqual([1, 2, 3, 4]));
    await isOver(service);
  });

  it('is handled to its end by another instance when its own is killed', async () => {
    const service = new TestService();
    const options = { ...service.serverOptions, leaseTtl: 1000 };
    await service.redis.xgroup(
      'CREATE',
      service.keys.stream('happened'),
      'service',
      '0',
      'MKSTREAM',
    );
    const victim = await Instance.start(options);
    const data = range(6).map((key) => JSON.stringify({ key, hold: key > 2 }));
    const id = await emitted(service, data, { pattern: 'happened' });
    await eventually(() => expect(victim.of('started')).toHaveLength(6));
    const state = () => service.redis.hget(service.keys.part('happened'), `${id} service`);
    await eventually(async () => expect(await state()).toBe('xxx...'));
    const seen: number[] = [];
    const happened = ({ key }: { key: number }) => void seen.push(key);
    await service.serve({ events: { happened } }, options);
    await victim.kill();
    await eventually(() => expect(seen).toEqual([3, 4, 5]));
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
    expect(await state()).toBeNull();
  });

  it('loses the event alone that kills its process each time', async () => {
    const service = new TestService();
    const options = { ...service.serverOptions, leaseTtl: 1000, maxDeliveries: 2 };
    await service.redis.xgroup(
      'CREATE',
      service.keys.stream('happened'),
      'service',
      '0',
      'MKSTREAM',
    );
    const instances = await Promise.all(range(3).map(() => Instance.start(options)));
    const data = range(6).map((key) => JSON.stringify({ key, ms: 20, die: key === 3 }));
    const id = await emitted(service, data, { pattern: 'happened' });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1), 30_000);
    expect(await service.deadLetters()).toMatchObject([{ id: `${id}#3`, reason: 'deliveries' }]);
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
    const ended = new Set(instances.flatMap((instance) => instance.keys('finished')));
    expect([...ended].toSorted()).toEqual([0, 1, 2, 4, 5]);
  }, 60_000);

  it('waits while its pattern is paused', async () => {
    const service = new TestService();
    const seen: number[] = [];
    await service.serve({ events: { told: (data: number) => void seen.push(data) } });
    const { redis, keys } = service;
    const pause = JSON.stringify({ at: Date.now() });
    await redis.hset(keys.paused('service'), 'p:told', pause, '#', '1');
    await redis.spublish(keys.nudge('service'), 'paused');
    await emitted(service, ['0']);
    await emitted(service, ['1', '2']);
    await redis.hdel(keys.paused('service'), 'p:told');
    await redis.hset(keys.paused('service'), '#', '2');
    await redis.spublish(keys.nudge('service'), 'paused');
    await eventually(() => expect(seen).toEqual([0, 1, 2]));
    await isOver(service);
  });
});

describe('P21: a client that emits', () => {
  const packed = async (service: TestService) => {
    const entries = await service.redis.xrange(service.keys.stream('told'), '-', '+');
    return entries.map(([, fields]) => Number(/^1 pack\.json (\d+) - /.exec(fields[1]!)?.[1] ?? 1));
  };

  /** Emits so many in one turn. Resolves when all are stored. */
  const burst = async (
    service: TestService,
    count: number,
    options?: (i: number) => RecordOptions,
  ) => {
    const client = await service.connected();
    // The verdict about the first two says who takes packs.
    await Promise.all([client.tell('told', -1), client.tell('told', -2)]);
    await Promise.all(range(count).map((i) => client.tell('told', i, options?.(i))));
    return (await packed(service)).slice(2);
  };

  /** Nothing that was handled goes. */
  const kept = { retention: { count: 1000 } };

  it('puts the events of a turn into packs, in their order', async () => {
    const service = new TestService();
    const seen: number[] = [];
    const told = (data: number) => void seen.push(data);
    await service.serve({ events: { told } }, kept);
    const stored: string[] = [];
    const sizes = await burst(service, 64, (i) => ({ onStored: ({ id }) => (stored[i] = id) }));
    expect(sizes).toEqual([32, 32]);
    await eventually(() => expect(seen).toEqual([-1, -2, ...range(64)]));
    expect(stored[0]).toMatch(/^\d+-\d+#0$/);
    expect(stored[33]).toMatch(/^\d+-\d+#1$/);
    expect(new Set(stored).size).toBe(64);
  });

  it('shares them among the instances of the largest group', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } }, kept);
    for (const _ of range(2))
      await service.serve({ events: { told: () => undefined } }, { ...kept, group: 'other' });
    expect(await burst(service, 64)).toEqual(Array.from({ length: 8 }, () => 8));
  });

  it('lets travel alone what has a key, is started once only or may differ in its time', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } }, kept);
    const own: RecordOptions[] = [
      { idempotencyKey: 'key' },
      { atMostOnce: true },
      { messageId: 'message' },
      { expiresIn: 60_000 },
    ];
    const sizes = await burst(service, 12, (i) => (i % 3 === 0 ? own[i / 3]! : {}));
    // What has a key or a message id leaves in a section of its own, so it parts no others.
    expect(sizes.toSorted()).toEqual([1, 1, 1, 1, 2, 2, 4]);
  });

  it('sends none to an instance that may run few at once', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } }, { ...kept, concurrency: 63 });
    expect(await burst(service, 32)).toHaveLength(32);
  });

  const live = (service: TestService, group: string) =>
    service.redis.zadd(service.keys.members(group), Date.now() + 60_000, 'old');

  it('sends none while an instance reads the stream that does not say that it takes them', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } }, kept);
    const stream = service.keys.stream('told');
    await service.redis.xgroup('CREATECONSUMER', stream, 'service', 'old');
    await live(service, 'service');
    expect(await burst(service, 32)).toHaveLength(32);
  });

  it('sends none while a group has no instance, or is missing', async () => {
    const service = new TestService();
    await service.serve({ events: { told: () => undefined } }, kept);
    await service.redis.xgroup('CREATE', service.keys.stream('told'), 'away', '0');
    expect(await burst(service, 32)).toHaveLength(32);
    await service.redis.xgroup('DESTROY', service.keys.stream('told'), 'away');
    await service.redis.hset(service.keys.groups('told'), 'lost', '1 e 0-0');
    await service.redis.xtrim(service.keys.stream('told'), 'MAXLEN', 0);
    expect(await burst(service, 32)).toHaveLength(32);
    await service.redis.hdel(service.keys.groups('told'), 'lost');
    await service.redis.xtrim(service.keys.stream('told'), 'MAXLEN', 0);
    expect(await burst(service, 32)).toEqual([32]);
  });

  it('sends them to instances that hear broadcasts', async () => {
    const service = new TestService();
    const seen = new Tally();
    const told = (data: number) => void seen.add(data);
    for (const _ of range(2))
      await service.serve({ events: { told: [told, { broadcast: true }] } }, kept);
    await burst(service, 32);
    await eventually(() => expect(seen.total).toBe(68));
    expect([...seen.counts.values()].every((count) => count === 2)).toBe(true);
  });
});
