import { RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { dropAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { eventually } from '../../../tools/wait.js';
import { atOnce } from '../../support/at-once.js';
import { services } from '../../support/intercepted-service.js';
import { range, Tally } from '../../support/tally.js';
import type { TestService as AnyService } from '../../support/test-service.js';
import { Instance } from '../../support/instance.js';
import { proxyIn } from '../../support/proxy.js';

// X3: a handler or a call that may be started once only (rule L18).

const once = { atMostOnce: true };

/** The entry, its start and its pendency are all gone. */
const nothingLeft = (service: AnyService, stream: string): Promise<void> =>
  eventually(async () => {
    expect(await service.pending(stream)).toBe(0);
    expect(await service.redis.hlen(service.keys.started(stream))).toBe(0);
  });

describe.each(services)('X3 at most once, %s,', (_where, TestService) => {
  it.each([
    ['the handler says', { messages: { work: [(n: number) => n + 1, once] as const } }, {}],
    ['the caller says', { messages: { work: (n: number) => n + 1 } }, once],
  ])('as %s: answered as others, and nothing is left', async (_, handlers, options) => {
    const service = new TestService();
    await service.serve(handlers);
    const client = await service.connected();
    const calls = range(50).map((n) => client.call('work', n, options));
    expect(await Promise.all(calls)).toEqual(range(50).map((n) => n + 1));
    await nothingLeft(service, 'work');
    expect(await service.length('work')).toBe(0);
  });

  it('is acknowledged before it runs, and INTERRUPTED when its instance dies', async () => {
    const service = new TestService();
    const place = { ...service.serverOptions, leaseTtl: 1000 };
    const victim = await Instance.start(place);
    const client = await service.connected();
    const started = client.failure('work', { key: 'started', hold: true }, once);
    await client.tell('happened', { key: 'event', hold: true }, once);
    await eventually(() => expect(victim.of('started')).toHaveLength(2));
    expect(await service.pending('work')).toBe(0);
    expect(await service.length('work')).toBe(1);
    const ran: unknown[] = [];
    const note = (data: unknown) => void ran.push(data);
    await service.serve({ messages: { work: note }, events: { happened: note } }, place);
    await victim.kill();
    expect(await started).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    await nothingLeft(service, 'work');
    await nothingLeft(service, 'happened');
    expect(ran).toEqual([]);
  }, 60_000);

  it('is so in packs: what a dead instance had started is INTERRUPTED, call by call', async () => {
    const service = new TestService();
    const place = { ...service.serverOptions, leaseTtl: 1000 };
    const victim = await Instance.start(place);
    const client = await service.connected();
    await client.call('work', { key: 'before' });
    const calls = atOnce(() =>
      range(40).map((n) => client.failure('work', { key: n, hold: true }, once)),
    );
    await eventually(() => expect(victim.of('started')).toHaveLength(41));
    await eventually(async () => expect(await service.length('work')).toBe(2));
    const ran: unknown[] = [];
    await service.serve({ messages: { work: (data: unknown) => void ran.push(data) } }, place);
    await victim.kill();
    for (const failure of await Promise.all(calls)) {
      expect(failure).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    }
    await nothingLeft(service, 'work');
    expect(ran).toEqual([]);
    expect(await service.redis.exists(service.keys.part('work'))).toBe(0);
  }, 60_000);

  it('with answers of Redis swallowed, no handler starts twice', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const ran = new Tally();
    const work = [(n: number) => ran.add(n), once] as const;
    await service.serve({ messages: { work } }, { ...through, retryDelay: 20 });
    const client = await service.connected({ ...through, retryDelay: 20 });
    await client.call('work', -1);
    proxy.treat(dropAnswers(0.05, 'commands'));
    const ends: PromiseSettledResult<unknown>[] = [];
    for (let n = 0; n < 300 || (proxy.counts.dropped === 0 && n < 3000); n += 10) {
      const calls = range(10).map((i) => client.call('work', n + i, { timeout: 10_000 }));
      ends.push(...(await Promise.allSettled(calls)));
    }
    proxy.treat(pass);
    expect(proxy.counts.dropped).toBeGreaterThan(0);
    expect(ran.repeated).toEqual([]);
    for (const [n, end] of ends.entries()) {
      if (end.status === 'fulfilled') expect(ran.counts.get(n)).toBe(1);
      else if ((end.reason as { outcome: string }).outcome === 'not-run') {
        expect(ran.counts.has(n)).toBe(false);
      }
    }
  });

  it('gets no other attempt: RetryLater and a retry policy make a dead letter of it', async () => {
    const service = new TestService();
    const ran = new Tally();
    const later = () => {
      ran.add('later');
      throw new RetryLater(1);
    };
    const failing = (what: string) => {
      ran.add(what);
      throw { reason: what };
    };
    await service.serve({
      messages: {
        later: [later, once],
        policy: [() => failing('policy'), { retry: { attempts: 5, delay: 1 } }],
      },
      events: { happened: [() => failing('event'), once] },
    });
    const client = await service.connected();
    expect(await client.failure('later')).toMatchObject({ code: 'DEAD_LETTERED' });
    expect(await client.failure('policy', 1, once)).toEqual({ reason: 'policy' });
    await client.tell('happened', 1);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(3));
    expect(ran.repeated).toEqual([]);
    for (const stream of ['later', 'policy', 'happened']) await nothingLeft(service, stream);
  });

  it('may be given up by its handler: a dead letter, and its caller is told', async () => {
    const service = new TestService();
    const { DeadLetter } = await import('nestjs-redis-streams');
    const give = (_: unknown, context: RedisStreamsContext) => context.deadLetter('no');
    const refuse = () => {
      throw new DeadLetter('no');
    };
    await service.serve({ messages: { work: refuse }, events: { happened: give } });
    const client = await service.connected();
    expect(await client.failure('work', 1, once)).toMatchObject({ code: 'DEAD_LETTERED' });
    await client.tell('happened', 1, once);
    await eventually(async () => expect(await service.deadLetters()).toHaveLength(2));
    await nothingLeft(service, 'work');
    await nothingLeft(service, 'happened');
  });
});
