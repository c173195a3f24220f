import { Logger } from '@nestjs/common';
import { onTestFinished } from 'vitest';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** What the library logs at one level while the test runs. */
function listeningTo(level: 'error' | 'warn'): string[] {
  const lines: string[] = [];
  const spy = vi
    .spyOn(Logger.prototype, level)
    .mockImplementation((message: unknown) => void lines.push(String(message)));
  onTestFinished(() => spy.mockRestore());
  return lines;
}

const lines = (list: string[], of: RegExp) => list.filter((line) => of.test(line)).length;

const messages = { good: () => 'good', bad: () => 'bad' };

describe('a key of the wrong type', () => {
  it.each(['stream', 'groups'] as const)(
    '%s: at the start the others are served; it is named, and heals',
    async (kind) => {
      const service = new TestService();
      const logged = listeningTo('error');
      const key = service.keys[kind]('bad');
      await service.redis.set(key, 'x');
      await service.serve({ messages });
      const client = await service.connected();
      expect(await client.call('good')).toBe('good');
      expect(logged.join('\n')).toContain(key);
      const all = range(20).map(() => client.call('good'));
      expect(await Promise.all(all)).toEqual(range(20).map(() => 'good'));
      expect(lines(logged, /stream bad/)).toBeLessThan(5);
      await service.redis.del(key);
      expect(await client.call('bad', {}, { whenNoConsumer: 'wait' })).toBe('bad');
    },
  );

  it('a stream that becomes one while it is read: the others go on, and it heals', async () => {
    const service = new TestService();
    const logged = listeningTo('error');
    const happened = new Tally();
    await service.serve({ messages, events: { happened: (n: number) => void happened.add(n) } });
    const client = await service.connected();
    expect(await client.call('bad')).toBe('bad');
    await service.redis.set(service.keys.stream('bad'), 'x');
    expect(await client.failure('bad')).toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    for (const n of range(20)) {
      expect(await client.call('good')).toBe('good');
      await client.tell('happened', n);
    }
    await eventually(() => expect(happened.total).toBe(20));
    await eventually(() => expect(logged.join('\n')).toMatch(/stream bad .*WRONGTYPE/));
    expect(lines(logged, /./)).toBeLessThan(10);
    await service.redis.del(service.keys.stream('bad'));
    await eventually(async () => expect(await client.call('bad')).toBe('bad'));
    expect(happened.repeated).toEqual([]);
  });

  it('members and live: the service goes on, they are named, and the callers see it again after', async () => {
    const service = new TestService();
    const logged = listeningTo('error');
    await service.redis.set(service.keys.members('service'), 'x');
    await service.redis.set(service.keys.live('bad'), 'x');
    await service.serve({ messages }, { leaseTtl: 500 });
    const client = await service.connected({ whenNoConsumer: 'wait' });
    expect(await client.call('good')).toBe('good');
    expect(await client.call('bad')).toBe('bad');
    expect(logged.join('\n')).toMatch(/bad cannot be announced/);
    expect(logged.join('\n')).toMatch(/members/);
    await service.redis.del(service.keys.members('service'), service.keys.live('bad'));
    await eventually(async () => {
      expect(await service.redis.zcard(service.keys.members('service'))).toBe(1);
      expect(await client.call('bad', {}, { whenNoConsumer: 'fail' })).toBe('bad');
    });
  });

  it('due and started: what others left is taken over, and what is special is settled', async () => {
    const service = new TestService();
    const gate = new Gate();
    const taken = new Tally();
    const bad = async (key: string) => {
      if (key === 'held') await gate.opened;
      return taken.add(key);
    };
    const good = (key: string) => taken.add(key);
    const options = { leaseTtl: 500, drainTimeout: 0 };
    const first = await service.serve(
      { messages: { bad, good: [good, { atMostOnce: true }] } },
      options,
    );
    const client = await service.connected();
    const held = client.call('bad', 'held');
    await eventually(async () => expect(await service.pending('bad')).toBe(1));
    await service.redis.del(service.keys.due('bad'), service.keys.started('bad'));
    await service.redis.set(service.keys.due('bad'), 'x');
    await service.redis.set(service.keys.started('bad'), 'x');
    gate.open();
    await first.close();
    await service.serve({ messages: { bad, good: [good, { atMostOnce: true }] } }, options);
    expect(await held).toBe('held');
    expect(await client.call('good', 'once')).toBe('once');
    expect(await client.call('bad', 'keyed', { idempotencyKey: 'k' })).toBe('keyed');
  });

  it('of one stream keeps no other from being cleaned', async () => {
    const service = new TestService();
    const logged = listeningTo('warn');
    const events = { bad: () => {}, good: () => {} };
    await service.serve({ events });
    await service.redis.del(service.keys.groups('bad'));
    await service.redis.set(service.keys.groups('bad'), 'x');
    const client = await service.connected();
    await Promise.all(range(20).map(() => client.tell('good')));
    await eventually(async () => expect(await service.length('good')).toBe(0), 15_000);
    await eventually(() => expect(logged.join('\n')).toMatch(/bad/));
  });

  it('of one stream: calls of others end at their deadline as they would without it', async () => {
    const service = new TestService();
    const gate = new Gate();
    const begun = [new Gate(), new Gate()];
    const held = (one: Gate) => () => (one.open(), gate.opened);
    await service.serve({ messages: { good: held(begun[0]!), bad: held(begun[1]!) } });
    const client = await service.connected({ timeout: 2000 });
    const failures = [client.failure('good'), client.failure('bad')];
    await Promise.all(begun.map(({ opened }) => opened));
    await service.redis.set(service.keys.stream('bad'), 'x');
    const [good] = await Promise.all(failures);
    gate.open();
    expect(good).toMatchObject({ code: 'TIMEOUT', outcome: 'may-have-run' });
    expect((good as Error).cause).toBeUndefined();
  });

  it('started: what may be started once only waits, everything else goes on, and it heals', async () => {
    const service = new TestService();
    const logged = listeningTo('error');
    const ran = new Tally();
    const once = (n: number) => void ran.add(n);
    const key = service.keys.started('once');
    await service.redis.set(key, 'x');
    const handlers = { messages, events: { once: [once, { atMostOnce: true }] } } as const;
    await service.serve(handlers, { concurrency: 2 });
    const client = await service.connected();
    await Promise.all(range(30).map((n) => client.tell('once', n)));
    await eventually(() => expect(logged.join('\n')).toContain(`stream once is not read`));
    expect(logged.join('\n')).toContain(key);
    for (const _ of range(10)) expect(await client.call('good')).toBe('good');
    // One read may have been on its way.
    expect(await service.pending('once')).toBeLessThanOrEqual(6);
    expect(ran.total).toBe(0);
    await service.redis.del(key);
    await eventually(() => expect(ran.total).toBe(30), 15_000);
    expect(ran.repeated).toEqual([]);
    expect(lines(logged, /./)).toBeLessThan(10);
  }, 30_000);

  it('started: a request that waits for it ends at its deadline without a run, and holds no slot', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.redis.set(service.keys.started('once'), 'x');
    const once = [(n: number) => ran.add(n), { atMostOnce: true }] as const;
    await service.serve({ messages: { ...messages, once } }, { concurrency: 1 });
    const client = await service.connected();
    const calls = range(3).map((n) => client.failure('once', n, { timeout: 600 }));
    expect(await client.call('good', {}, { timeout: 3000 })).toBe('good');
    for (const failure of await Promise.all(calls)) {
      expect(failure).toMatchObject({ code: 'TIMEOUT' });
    }
    expect(ran.total).toBe(0);
  });

  it('live: a request that no group answers gets NO_HANDLER, although the list of live members is of a wrong type', async () => {
    const service = new TestService();
    await service.redis.set(service.keys.live('told'), 'x');
    const lanes = { lane: ['good', 'told'] };
    await service.serve({ messages }, { concurrency: 2, lanes });
    const client = await service.connected({ whenNoConsumer: 'wait', timeout: 5000, lanes });
    for (const _ of range(5)) {
      expect(await client.failure('told')).toMatchObject({
        code: 'NO_HANDLER',
        outcome: 'not-run',
      });
    }
    expect(await client.call('good')).toBe('good');
    await eventually(async () => expect(await service.pending('lane')).toBe(0));
    expect(await service.length('lane')).toBe(0);
  });

  it('live: a request that another group may answer is left to it', async () => {
    const service = new TestService();
    await service.redis.set(service.keys.live('told'), 'x');
    await service.serve({ messages, events: { told: () => {} } }, { group: 'listeners' });
    await service.serve({ messages: { told: () => 'answered' } });
    const client = await service.connected({ whenNoConsumer: 'wait' });
    for (const _ of range(5)) expect(await client.call('told')).toBe('answered');
    await eventually(async () => expect(await service.pending('told', 'listeners')).toBe(0));
  });

  it('due: attempts are counted by the instance itself, and everything else goes on', async () => {
    const service = new TestService();
    const logged = listeningTo('error');
    const ran = new Tally();
    await service.redis.set(service.keys.due('failing'), 'x');
    const failing = (n: number) => {
      ran.add(n);
      throw new Error('no');
    };
    const retry = { attempts: 3, delay: 10, maxDelay: 10 };
    const events = { failing: [failing, { retry }] } as const;
    await service.serve({ messages, events }, { concurrency: 2 });
    const client = await service.connected();
    await Promise.all(range(5).map((n) => client.tell('failing', n)));
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(5));
    expect([...ran.counts.values()]).toEqual([3, 3, 3, 3, 3]);
    expect(await client.call('good')).toBe('good');
    expect(logged.join('\n')).toMatch(/attempts of failing cannot be noted: its "due" key/);
  });
});
