import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { RedisStreamsRecord, RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { defer, firstValueFrom, of, retry } from 'rxjs';
import { GroupBroker } from '../../../libs/redis-stream-transport/src/redis/group-broker.js';
import { TestBrokers } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { services } from '../../support/intercepted-service.js';
import { range, Tally } from '../../support/tally.js';
import type { TestService as AnyService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';

// X3: idempotency keys with stored results (rule L22).

const key = { idempotencyKey: 'order-7' };

/** Instances whose handler of `work` waits at a gate before it returns. */
async function waiting(service: AnyService, result: unknown, instances = 1) {
  const gate = new Gate();
  const ran = new Tally();
  const work = async () => {
    ran.add('work');
    await gate.opened;
    return result;
  };
  for (let i = 0; i < instances; i++) await service.serve({ messages: { work } });
  return { gate, ran };
}

describe.each(services)('X3 calls with the same key, %s,', (_where, TestService) => {
  it('run once: the first result is kept, values of a stream and errors too', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.serve({
      messages: {
        value: (n: number) => ran.add(`value ${n}`),
        many: () => of(ran.add('many'), undefined, null, 3),
        nothing: () => void ran.add('nothing'),
        error: () => {
          ran.add('error');
          throw { code: 42 };
        },
      },
    });
    const client = await service.connected();
    for (const caller of [client, client, await service.connected()]) {
      expect(await caller.call('value', 1, key)).toBe('value 1');
      expect(await caller.values('many', 1, key)).toEqual(['many', undefined, null, 3]);
      expect(await caller.values('nothing', 1, key)).toEqual([]);
      expect(await caller.failure('error', 1, key)).toEqual({ code: 42 });
    }
    expect(ran.repeated).toEqual([]);
    expect(ran.total).toBe(4);
  });

  it('that come while it runs wait for it and get its result', async () => {
    const service = new TestService();
    const { gate, ran } = await waiting(service, 'shared', 2);
    const [one, other] = [await service.connected(), await service.connected()];
    const calls = range(10).map((i) => (i % 2 ? one : other).call('work', 1, key));
    await eventually(async () => expect(await service.pending('work')).toBe(10));
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(10).map(() => 'shared'));
    expect(ran.total).toBe(1);
  });

  it('with other data are refused, of another pattern or without a key are not meant', async () => {
    const service = new TestService();
    const ran = new Tally();
    const work = (n: number) => ran.add(n);
    await service.serve({ messages: { work, other: work } });
    const client = await service.connected();
    expect(await client.call('work', 1, key)).toBe(1);
    expect(await client.failure('work', 2, key)).toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      outcome: 'not-run',
    });
    expect(await client.call('other', 2, key)).toBe(2);
    expect(await client.call('work', 3)).toBe(3);
    expect(await client.call('work', 4, { idempotencyKey: 'another' })).toBe(4);
  });

  it('F6 retry() of rxjs with a key gives one execution', async () => {
    const service = new TestService();
    const { gate, ran } = await waiting(service, 'done');
    const client = await service.connected();
    let attempts = 0;
    const patient = defer(() => {
      if (++attempts === 3) gate.open();
      const options = { ...key, timeout: attempts < 3 ? 200 : 10_000 };
      return client.send('work', new RedisStreamsRecord(1, options));
    }).pipe(retry(3));
    const ends = await firstValueFrom(patient).catch((error: { code: string }) => error.code);
    // Its deadline ended the first run in the eyes of its caller; the handler ran on, and is not doubled.
    expect(attempts).toBe(3);
    expect(ends).toBe('done');
    expect(ran.total).toBe(1);
  });

  it('repeated while what may be started once only runs on give one execution, however much is cleaned', async () => {
    const service = new TestService();
    const gate = new Gate();
    const ran = new Tally();
    const work = async () => {
      ran.add('work');
      await gate.opened;
      return 'done';
    };
    await service.serve({ messages: { work: [work, { atMostOnce: true }] } });
    const client = await service.connected();
    const { link } = await TestBrokers.in(service);
    const broker = new GroupBroker(link, service.keys, 'service');
    const limits = { groupTtl: 600_000, count: undefined, age: undefined, page: 100, trim: 100 };
    const short = { ...key, timeout: 700 };
    for (const _ of range(2)) {
      expect(await client.failure('work', 1, short)).toMatchObject({ code: 'TIMEOUT' });
      await broker.clean('work', 'r', limits);
    }
    const last = client.call('work', 1, key);
    await eventually(async () => expect(await service.pending('work')).toBeGreaterThan(0));
    gate.open();
    expect(await last).toBe('done');
    expect(ran.total).toBe(1);
  });

  it('F7 a caller that comes after the first one died gets its result', async () => {
    const service = new TestService();
    const { gate, ran } = await waiting(service, 'result');
    const first = await service.connected();
    void first.call('work', 1, key).catch(() => undefined);
    await eventually(() => expect(ran.total).toBe(1));
    // It dies: its connections go, and nobody says goodbye.
    const { producer } = first as never as {
      producer: {
        shards: {
          commands: { stop(): Promise<void> };
          subscription: { link: { stop(): Promise<void> } };
        }[];
      };
    };
    for (const { commands, subscription } of producer.shards) {
      await Promise.all([commands.stop(), subscription.link.stop()]);
    }
    const second = await service.connected();
    const call = second.call('work', 1, key);
    await eventually(async () => expect(await service.pending('work')).toBe(2));
    gate.open();
    expect(await call).toBe('result');
    expect(ran.total).toBe(1);
  });

  it.each(['cancelled', 'deadline'] as const)(
    'an error of a handler that was told to stop (%s) is no result: the next call with the key runs',
    async (why) => {
      const service = new TestService();
      const ran = new Tally();
      const ended = new Gate();
      const work = async (_: unknown, { signal }: RedisStreamsContext) => {
        ran.add('work');
        if (ran.total > 1) return 'done';
        await once(signal, 'abort');
        ended.open();
        throw new Error('stopped');
      };
      await service.serve({ messages: { work } });
      const client = await service.connected();
      const controller = new AbortController();
      const { signal } = controller;
      const first = client.failure('work', 1, {
        ...key,
        timeout: 500,
        ...(why === 'cancelled' && { timeout: 20_000, signal }),
      });
      await eventually(() => expect(ran.total).toBe(1));
      if (why === 'cancelled') controller.abort();
      await first;
      await ended.opened;
      expect(await client.call('work', 1, key)).toBe('done');
      expect(await client.call('work', 1, key)).toBe('done');
      expect(ran.total).toBe(2);
    },
  );

  it('when its instance dies, the next one runs it under the same key', async () => {
    Logger.overrideLogger(false);
    const service = new TestService();
    const options = { ...service.serverOptions, leaseTtl: 1000 };
    const victim = await Instance.start(options);
    const client = await service.connected();
    const call = client.call('work', { key: 1, hold: true }, key);
    await eventually(() => expect(victim.of('started')).toHaveLength(1));
    const ran = new Tally();
    const work = (_: unknown, context: RedisStreamsContext) => {
      ran.add('heir');
      return context.getDeliveryCount();
    };
    await service.serve({ messages: { work } }, options);
    await victim.kill();
    expect(await call).toBe(2);
    expect(await client.call('work', { key: 1, hold: true }, key)).toBe(2);
    expect(ran.total).toBe(1);
  }, 60_000);

  it('a key is free again after a dead letter, and held while a retry waits', async () => {
    const service = new TestService();
    const seen: string[] = [];
    const work = (mood: string) => {
      seen.push(mood);
      if (mood === 'later' && seen.length < 2) throw new RetryLater(50);
      return seen.length;
    };
    const dead = (_: unknown, context: RedisStreamsContext) => {
      seen.push('event');
      context.deadLetter();
    };
    await service.serve({ messages: { work }, events: { happened: dead } });
    const client = await service.connected();
    const twice = [client.call('work', 'later', key), client.call('work', 'later', key)];
    expect(await Promise.all(twice)).toEqual([2, 2]);
    for (const count of [1, 2]) {
      await client.tell('happened', 1, key);
      await eventually(async () => expect(await service.deadLetters()).toHaveLength(count));
    }
    expect(seen).toEqual(['later', 'later', 'event', 'event']);
  });

  it('events with a key are handled once', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.serve({ events: { happened: (n: number) => void ran.add(n) } });
    const client = await service.connected();
    for (const n of [1, 1, 1]) await client.tell('happened', n, key);
    await client.tell('happened', 2);
    await eventually(() => expect(ran.counts.get(2)).toBe(1));
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
    expect(ran.counts.get(1)).toBe(1);
  });
});
