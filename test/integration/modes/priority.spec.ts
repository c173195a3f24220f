import { Logger } from '@nestjs/common';
import { classStreams } from '../../../libs/redis-stream-transport/src/protocol/priority.js';
import type { PatternSpec } from '../../../libs/redis-stream-transport/src/engine/consumer/intake/pattern-state.js';
import { tellLeftClasses } from '../../../libs/redis-stream-transport/src/nest/left-classes.js';
import { Keys, shardOf } from '../../../libs/redis-stream-transport/src/protocol/keys.js';
import type { Priority, RedisStreamsContext } from 'nestjs-redis-streams';

import {
  explainCall,
  explainEntry,
  pausePattern,
  resumePattern,
} from 'nestjs-redis-streams/operate';
import { sealed } from 'nestjs-redis-streams/sealed';
import { eventually } from '../../../tools/wait.js';
import { orders, secretKey, shop } from '../../sealed/keys.js';
import { command } from '../../contracts/command.js';
import { lettersOf, Moody } from '../dead-letters/letters.js';
import { Gate } from '../../support/gate.js';
import type { GivenHandler, Handlers } from '../../support/handlers.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

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

  it('stay in their class while a dead instance is announced that reads nothing any more', async () => {
    const service = new TestService();
    await service.serve(calls(() => 1));
    const client = await service.connected();
    await service.redis.zadd(service.keys.live('work'), Date.now() + 60_000, 'service dead');
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

  it('pass retries of low priority that wait for a slot', async () => {
    const service = new TestService();
    const started: string[] = [];
    const gate = new Gate();
    const failed = new Set<string>();
    const work: GivenHandler = async (name: string) => {
      if (name.startsWith('low') && !failed.has(name)) {
        failed.add(name);
        throw new Error('as it should');
      }
      started.push(name);
      await gate.opened;
      return name;
    };
    const retry = { attempts: 2, delay: 300 };
    await service.serve(calls(work, { priorities: true, concurrency: 2, retry }));
    const client = await service.connected();
    const slow = range(50).map((n) => client.call('work', `low ${n}`, { priority: 'low' }));
    await eventually(() => expect([failed.size, started.length]).toEqual([50, 2]));
    const urgent = range(5).map((n) => client.call('work', `high ${n}`, { priority: 'high' }));
    await eventually(async () => expect((await added(service)).high).toBe(5));
    gate.open();
    await Promise.all(urgent);
    expect(started.findIndex((name) => name.startsWith('high'))).toBeLessThanOrEqual(5);
    await Promise.all(slow);
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

  it('are due later in the own stream, for groups that come meanwhile, and are taken back', async () => {
    const service = new TestService();
    const seen: Priority[] = [];
    const told = { audit: 0 };
    await service.serve(
      events((_: unknown, context: RedisStreamsContext) => void seen.push(context.getPriority())),
    );
    const client = await service.connected();
    await client.tell('work', 1, { priority: 'high', delay: 500 });
    await service.serve(
      events(() => void told.audit++, {}),
      { group: 'audit' },
    );
    await eventually(() => expect([seen, told.audit]).toEqual([['normal'], 1]));
    await client.tell('work', 1, { priority: 'low', delay: 60_000, messageId: 'later' });
    expect(await client.cancelScheduled('work', 'later')).toBe(true);
    const signal = AbortSignal.timeout(100);
    const taken = client.failure('work', 1, { priority: 'low', delay: 60_000, signal });
    expect(await taken).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
    for (const stream of Object.values(STREAMS))
      expect(await service.redis.exists(service.keys.later(stream))).toBe(0);
  });

  it('stay in their class while what a dead instance has left is taken over', async () => {
    const service = new TestService();
    const seen: Priority[] = [];
    await service.serve(
      events((_: unknown, context: RedisStreamsContext) => void seen.push(context.getPriority())),
    );
    // Listed for the own stream only, and no member with a lease.
    const key = keyOf(service, 'work');
    await service.redis.xgroup('CREATECONSUMER', key, 'service', 'dead');
    const client = await service.connected();
    await client.tell('work', 1, { priority: 'high' });
    await service.redis.zadd(service.keys.members('service'), Date.now() + 60_000, 'dead');
    await client.tell('work', 1, { priority: 'high' });
    await eventually(() => expect(seen).toEqual(['high', 'normal']));
  });
});

describe('with other options', () => {
  it('are named by instances that do not read their classes any more', async () => {
    const service = new TestService();
    const gate = new Gate();
    const work: GivenHandler = () => gate.opened;
    await service.serve(events(work, { priorities: true, concurrency: 1 }));
    const client = await service.connected();
    for (let i = 0; i < 3; i++) await client.tell('work', 1, { priority: 'low' });
    await eventually(async () => expect((await added(service)).low).toBe(3));
    const { redis, keys } = service;
    const ask = (name: string, words: string[]) => redis.call(name, ...words);
    const shards = [{ commands: { command: ask }, keys }] as never;
    const lines: string[] = [];
    const logger = { error: (_: string, line: string) => void lines.push(line) } as never;
    const spec = { pattern: 'work', stream: 'work' } as PatternSpec;
    await tellLeftClasses('service', [{ ...spec, priorities: true }], { shards }, logger);
    await tellLeftClasses('other', [spec], { shards }, logger);
    expect(lines).toEqual([]);
    await tellLeftClasses('service', [spec], { shards }, logger);
    expect(lines).toEqual([expect.stringContaining(`3 entries are left in ${low}`)]);
    gate.open();
  });

  it('are named at the start of an instance that does not read them', async () => {
    const service = new TestService();
    const gate = new Gate();
    const before = await service.serve(
      events(() => gate.opened, { priorities: true, concurrency: 1 }),
      { drainTimeout: 0 },
    );
    const client = await service.connected();
    for (let i = 0; i < 3; i++) await client.tell('work', 1, { priority: 'high' });
    await before.close();
    const lines: string[] = [];
    const nothing = (): void => {};
    const error = (line: string): void => void lines.push(line);
    Logger.overrideLogger({ log: nothing, warn: nothing, error });
    onTestFinished(() => Logger.overrideLogger(false));
    await service.serve(events(() => undefined, {}));
    await eventually(() =>
      expect(lines).toContainEqual(expect.stringContaining(`3 entries are left in ${high}`)),
    );
    gate.open();
  });

  it('are found by explain under their pattern, with their class', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve(
      calls(() => gate.opened.then(() => 1), { priorities: true, concurrency: 1 }),
    );
    const client = await service.connected();
    const stored: { id: string; callId: string | undefined }[] = [];
    const options = {
      priority: 'high',
      onStored: (one: (typeof stored)[number]) => void stored.push(one),
    } as const;
    const all = range(3).map((n) => client.call('work', n, options));
    await eventually(() => expect(stored).toHaveLength(3));
    const { id, callId = '' } = stored.at(-1)!;
    const found = { pattern: 'work', stream: high, entry: id };
    for (const pattern of ['work', high]) {
      const { entries } = await explainCall(service.address, callId, { pattern });
      expect(entries).toMatchObject([found]);
      expect((await explainEntry(service.address, id, { pattern })).entries).toMatchObject([found]);
    }
    expect((await explainCall(service.address, callId, { pattern: low })).entries).toEqual([]);
    const { out } = await command(
      ...['explain', callId, '--pattern', 'work', '--prefix', service.prefix],
    );
    expect(out).toContain(`stored: work in the class ${high}, entry ${id}`);
    expect(out).toContain('service: waits');
    gate.open();
    await Promise.all(all);
  });

  it('leave lanes alone that are named like a class of a pattern without classes', async () => {
    const service = new TestService();
    const moody = new Moody();
    const lanes = { [high]: ['work'] };
    await service.serve({ events: { work: moody.handler } }, { lanes });
    const client = await service.connected({ lanes });
    await client.tell('work', 1);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    moody.broken = false;
    const letters = lettersOf(service, { lanes });
    const [letter] = (await letters.page()).letters;
    expect(letter).toMatchObject({ pattern: 'work', stream: high });
    await letters.replay(letter!.id);
    await eventually(() => expect(moody.handled).toEqual([1]));
  });

  it('stay in the shard of their pattern', async () => {
    const service = new TestService();
    const options = { shards: 5 };
    await service.serve(
      calls((_: unknown, context: RedisStreamsContext) => context.getPriority()),
      options,
    );
    const client = await service.connected(options);
    for (const priority of ['high', 'low'] as const)
      expect(await client.call('work', 1, { priority })).toBe(priority);
    const own = shardOf('work', 5);
    for (const stream of Object.values(classStreams('work', 5)))
      expect(shardOf(stream, 5)).toBe(own);
  });

  it('are sealed for their pattern, and letters of theirs are put back by operators', async () => {
    const service = new TestService();
    const seen: unknown[] = [];
    let isFailing = true;
    const work: GivenHandler = (data: unknown, context: RedisStreamsContext) => {
      if (isFailing) context.deadLetter('not now');
      else seen.push([data, context.getPriority(), context.getCaller()?.name]);
    };
    await service.serve(events(work), sealed({ ...orders, operators: ['operator'] }));
    const client = await service.connected(sealed(shop));
    await client.tell('work', 1, { priority: 'high' });
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(1));
    isFailing = false;
    const keys = [secretKey('k1')];
    const letters = lettersOf(service, sealed({ name: 'operator', keys }));
    const [letter] = (await letters.page()).letters;
    expect(letter).toMatchObject({ stream: high });
    await letters.replay(letter!.id);
    await client.tell('work', 2, { priority: 'low' });
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual(
      expect.arrayContaining([
        [1, 'normal', 'shop'],
        [2, 'low', 'shop'],
      ]),
    );
  });

  it('are found while they wait, and when they have ended', async () => {
    const service = new TestService();
    const gate = new Gate();
    let started = 0;
    const work: GivenHandler = async () => {
      started++;
      await gate.opened;
      return 'done';
    };
    await service.serve(calls(work, { priorities: true, concurrency: 1 }));
    const client = await service.connected();
    const stored: { id: string; stream: string; callId: string | undefined }[] = [];
    const options = {
      priority: 'low',
      keepResult: true,
      onStored: (one: (typeof stored)[number]) => void stored.push(one),
    } as const;
    const all = range(2).map((n) => client.call('work', n, options));
    await eventually(() => expect([started, stored.length]).toEqual([1, 2]));
    expect(stored.map(({ stream }) => stream)).toEqual([low, low]);
    const states = await Promise.all(
      stored.map(({ callId }) => client.resultOf('work', callId ?? '')),
    );
    expect(states.map(({ state }) => state).toSorted()).toEqual(['running', 'waiting']);
    gate.open();
    await Promise.all(all);
    const ends = stored.map(({ callId }) => client.resultOf('work', callId ?? ''));
    expect((await Promise.all(ends)).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('are cancelled and given up in the stream of their class', async () => {
    const service = new TestService();
    const gate = new Gate();
    const seen: unknown[] = [];
    const work: GivenHandler = async (n: number, context: RedisStreamsContext) => {
      seen.push(n);
      context.signal.addEventListener('abort', () => seen.push('aborted'));
      await gate.opened;
    };
    await service.serve(calls(work, { priorities: true, concurrency: 1 }));
    const client = await service.connected();
    const stop = new AbortController();
    const runs = client.failure('work', 1, { priority: 'high', signal: stop.signal });
    await eventually(() => expect(seen).toEqual([1]));
    const waits = client.failure('work', 2, { priority: 'low', timeout: 200 });
    expect(await waits).toMatchObject({ code: 'TIMEOUT', outcome: 'not-run' });
    expect(await service.length(low)).toBe(0);
    stop.abort();
    expect(await runs).toMatchObject({ code: 'CANCELLED', outcome: 'may-have-run' });
    await eventually(() => expect(seen).toEqual([1, 'aborted']));
    gate.open();
  });

  it('wait while their pattern is paused, and go on in their order', async () => {
    const service = new TestService();
    const seen: string[] = [];
    await service.serve(
      events((name: string) => void seen.push(name), { priorities: true, concurrency: 1 }),
    );
    const client = await service.connected();
    await pausePattern(service.address, { pattern: 'work', service: 'service' });
    for (const priority of ['low', 'normal', 'high'] as const)
      await client.tell('work', priority, { priority });
    expect(seen).toEqual([]);
    await resumePattern(service.address, { pattern: 'work', service: 'service' });
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen[0]).toBe('high');
  });
});

describe('refuses', () => {
  const served = (handlers: Handlers, options = {}) =>
    new TestService().serve(handlers, options).then(
      () => undefined,
      (error: unknown) => error,
    );
  const both = (one: object, other: object): Handlers => ({
    messages: { work: [() => 1, one] },
    events: { work: [() => undefined, other] },
  });
  it.each<[string, Handlers, object]>([
    ['a lane', calls(() => 1), { lanes: { lane: ['work'] } }],
    [
      'a lane of others that is named like a class',
      calls(() => 1),
      { lanes: { [low]: ['other'] } },
    ],
    [
      'the lane of another handler that is named like a class',
      {
        messages: { work: [() => 1, { priorities: true }], other: [() => 1, { lane: high }] },
      },
      {},
    ],
    ['broadcasts of the same pattern', both({ priorities: true }, { broadcast: true }), {}],
    ['spread calls of the same pattern', both({ spread: 2 }, { priorities: true }), {}],
    [
      'a pattern that is the stream of a class',
      { messages: { work: [() => 1, { priorities: true }], [low]: () => 1 } },
      {},
    ],
    [
      'a pattern that is too long',
      { messages: { ['w'.repeat(1017)]: [() => 1, { priorities: true }] } },
      {},
    ],
  ])('%s', async (_what, handlers, options) => {
    const told = expect.stringContaining('option "priorities"') as string;
    expect(await served(handlers, options)).toMatchObject({
      code: 'INVALID_OPTION',
      message: told,
    });
  });

  it('a priority for a pattern in a lane, and one that is none', async () => {
    const client = new TestService().client({ lanes: { lane: ['work'] } });
    const [told, urgent] = [expect.stringContaining('"priority"') as string, 'high' as const];
    const invalid = { code: 'INVALID_OPTION', message: told, outcome: 'not-run' };
    expect(await client.failure('work', 1, { priority: urgent })).toMatchObject(invalid);
    expect(await client.failure('work', 1, { priority: 'urgent' as never })).toMatchObject(invalid);
    expect(await client.failure('w'.repeat(1017), 1, { priority: urgent })).toMatchObject(invalid);
    expect(await client.call('other', 1, { priority: 'normal', timeout: 10 }).catch(() => 1)).toBe(
      1,
    );
  });
});
