import { classStreams } from '../../../libs/redis-stream-transport/src/protocol/priority.js';
import { Keys } from '../../../libs/redis-stream-transport/src/protocol/keys.js';
import type { RecordOptions, RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { lettersOf } from '../dead-letters/letters.js';
import { Gate } from '../../support/gate.js';
import type { GivenHandler, Handlers } from '../../support/handlers.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

type Priority = NonNullable<RecordOptions['priority']>;

const { high, low } = classStreams('work', 1);
const STREAMS = { high, normal: 'work', low };
const keyOf = (service: TestService, stream: string) =>
  new Keys(service.prefix, 0, 1).stream(stream);

const calls = (handler: GivenHandler, extras: object = { priorities: true }): Handlers => ({
  messages: { work: [handler as () => unknown, extras] },
});
const events = (handler: GivenHandler, extras: object = { priorities: true }): Handlers => ({
  events: { work: [handler as () => unknown, extras] },
});

/** How many entries each stream has ever had. */
async function added(service: TestService): Promise<Record<Priority, number>> {
  const counts = { high: 0, normal: 0, low: 0 };
  for (const name of ['high', 'normal', 'low'] as const) {
    const key = keyOf(service, STREAMS[name]);
    const fields = (await service.redis.xinfo('STREAM', key).catch(() => [])) as unknown[];
    counts[name] = Number(fields[fields.indexOf('entries-added') + 1] ?? 0);
  }
  return counts;
}

describe('calls with a priority', () => {
  it('go to streams of their classes, and are answered like others', async () => {
    const service = new TestService();
    await service.serve(
      calls((n: number, context: RedisStreamsContext) => [n, context.getPriority()]),
    );
    const client = await service.connected();
    for (const priority of ['high', 'normal', 'low'] as const)
      expect(await client.call('work', 1, { priority })).toEqual([1, priority]);
    expect(await client.call('work', 2)).toEqual([2, 'normal']);
    expect(await added(service)).toEqual({ high: 1, normal: 2, low: 1 });
  });

  it.each([1, 2, 4])('pass 1,000 of low priority where %i run at once', async (concurrency) => {
    const service = new TestService();
    const started: string[] = [];
    const gate = new Gate();
    const work: GivenHandler = async (name: string) => {
      started.push(name);
      if (started.length <= concurrency) await gate.opened;
      return name;
    };
    await service.serve(calls(work, { priorities: true, concurrency }));
    const client = await service.connected();
    const slow = range(1000).map((n) => client.call('work', `low ${n}`, { priority: 'low' }));
    await eventually(() => expect(started).toHaveLength(concurrency));
    await eventually(async () => expect((await added(service)).low).toBe(1000));
    const urgent = range(20).map((n) => client.call('work', `high ${n}`, { priority: 'high' }));
    await eventually(async () => expect((await added(service)).high).toBe(20));
    gate.open();
    await Promise.all(urgent);
    // Before the last of them: those that ran, one that may have been asked for, and the turns of the class.
    const first = started.findIndex((name) => name.startsWith('high'));
    const last = started.findLastIndex((name) => name.startsWith('high'));
    expect(first).toBeLessThanOrEqual(concurrency + 1);
    expect(last).toBeLessThanOrEqual(20 + concurrency + 1 + Math.ceil(20 / 16));
    await Promise.all(slow);
    expect(started).toHaveLength(1020);
  });

  it('keep low ones from waiting forever', async () => {
    const service = new TestService();
    const started: string[] = [];
    const gate = new Gate();
    const work: GivenHandler = async (name: string) => {
      started.push(name);
      await gate.opened;
      return name;
    };
    await service.serve(calls(work, { priorities: true, concurrency: 2 }));
    const client = await service.connected();
    const all = (['high', 'normal', 'low'] as const).flatMap((priority) =>
      range(500).map(() => client.call('work', priority, { priority })),
    );
    await eventually(async () =>
      expect(await added(service)).toEqual({ high: 500, normal: 500, low: 500 }),
    );
    gate.open();
    await Promise.all(all);
    // As long as there were some of each.
    const contended = started.slice(0, started.lastIndexOf('high'));
    const share = (name: string) =>
      contended.filter((each) => each === name).length / contended.length;
    expect(share('low')).toBeGreaterThan(0.04);
    expect(share('normal')).toBeGreaterThan(0.12);
    expect(share('high')).toBeGreaterThan(0.6);
  });

  it('are in the own stream where an instance does not read the classes', async () => {
    const service = new TestService();
    await service.serve(calls(() => 1));
    const other = await service.serve(calls(() => 1, {}));
    const client = await service.connected();
    for (const priority of ['high', 'low'] as const)
      expect(await client.call('work', 1, { priority })).toBe(1);
    expect(await added(service)).toEqual({ high: 0, normal: 2, low: 0 });
    await other.close();
    await client.call('work', 1, { priority: 'high' });
    expect((await added(service)).high).toBe(1);
  });

  it('wait in the own stream while nobody serves them, and are given up there', async () => {
    const service = new TestService();
    const client = await service.connected();
    const options = { priority: 'high', timeout: 300 } as const;
    const waits = client.failure('work', 1, { ...options, whenNoConsumer: 'wait' });
    expect(await waits).toMatchObject({ code: 'TIMEOUT', outcome: 'not-run' });
    const refused = client.failure('work', 1, { ...options, whenNoConsumer: 'fail' });
    expect(await refused).toMatchObject({ code: 'NO_CONSUMER' });
    expect((await added(service)).normal).toBe(1);
  });

  it('run once for an idempotency key, whatever their class', async () => {
    const service = new TestService();
    const runs = new Tally();
    await service.serve(calls((n: number) => runs.add(n)));
    const client = await service.connected();
    for (const priority of ['high', 'normal', 'low'] as const)
      await client.call('work', 1, { priority, idempotencyKey: 'one' });
    expect(runs.repeated).toEqual([]);
  });
});

describe('events with a priority', () => {
  it('are retried and buried in their class, and replayed into the own stream', async () => {
    const service = new TestService();
    let isFailing = true;
    const seen: [Priority, number][] = [];
    const work: GivenHandler = (_: unknown, context: RedisStreamsContext) => {
      seen.push([context.getPriority(), context.getFailedAttempts()]);
      if (isFailing) throw new Error('as it should');
    };
    const retry = { attempts: 2, delay: 1 };
    await service.serve(events(work, { priorities: true, retry }));
    const client = await service.connected();
    await client.tell('work', 1, { priority: 'low' });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    expect(seen).toEqual([
      ['low', 0],
      ['low', 1],
    ]);
    isFailing = false;
    const letters = lettersOf(service);
    const [letter] = (await letters.page()).letters;
    expect(letter).toMatchObject({ pattern: 'work', stream: low });
    await letters.replay(letter!.id);
    await eventually(() => expect(seen.at(-1)).toEqual(['normal', 0]));
  });

  it('reach each group that reads all classes, in their streams', async () => {
    const service = new TestService();
    const told = { service: 0, audit: 0 };
    await service.serve(events(() => void told.service++));
    await service.serve(
      events(() => void told.audit++),
      { group: 'audit' },
    );
    const client = await service.connected();
    for (const priority of ['high', 'normal', 'low'] as const)
      await client.tell('work', 1, { priority });
    await eventually(() => expect(told).toEqual({ service: 3, audit: 3 }));
    expect(await added(service)).toEqual({ high: 1, normal: 1, low: 1 });
  });

  it('are in the own stream as soon as one group does not read the classes', async () => {
    const service = new TestService();
    const told = { service: 0, audit: 0 };
    await service.serve(events(() => void told.service++));
    const client = await service.connected();
    await client.tell('work', 1, { priority: 'high' });
    await service.serve(
      events(() => void told.audit++, {}),
      { group: 'audit' },
    );
    await client.tell('work', 1, { priority: 'high' });
    await eventually(() => expect(told).toEqual({ service: 2, audit: 1 }));
    expect(await added(service)).toEqual({ high: 1, normal: 1, low: 0 });
  });

  it('are due later in their class, and are taken back', async () => {
    const service = new TestService();
    const seen: Priority[] = [];
    await service.serve(
      events((_: unknown, context: RedisStreamsContext) => void seen.push(context.getPriority())),
    );
    const client = await service.connected();
    await client.tell('work', 1, { priority: 'high', delay: 50 });
    await eventually(() => expect(seen).toEqual(['high']));
    await client.tell('work', 1, { priority: 'low', delay: 60_000, messageId: 'later' });
    expect(await client.cancelScheduled('work', 'later')).toBe(true);
  });
});
