import { RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { dropAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { type Arena as AnyArena, eventually, range, Tally } from '../../support/arena.js';
import { Instance } from '../../support/instance.js';
import { arenas } from '../../support/intercepted-arena.js';
import { proxyTo } from '../../support/proxy.js';

// X3: a handler or a call that may be started once only (rule L18).

const once = { atMostOnce: true };

/** The entry, its start and its pendency are all gone. */
const nothingLeft = (arena: AnyArena, stream: string): Promise<void> =>
  eventually(async () => {
    expect(await arena.pending(stream)).toBe(0);
    expect(await arena.redis.hlen(arena.keys.started(stream))).toBe(0);
  });

describe.each(arenas)('X3 at most once, %s,', (_where, Arena) => {
  it.each([
    ['the handler says', { messages: { work: [(n: number) => n + 1, once] as const } }, {}],
    ['the caller says', { messages: { work: (n: number) => n + 1 } }, once],
  ])('as %s: answered as others, and nothing is left', async (_, handlers, options) => {
    const arena = new Arena();
    await arena.serve(handlers);
    const client = await arena.connected();
    const calls = range(50).map((n) => client.call('work', n, options));
    expect(await Promise.all(calls)).toEqual(range(50).map((n) => n + 1));
    await nothingLeft(arena, 'work');
    expect(await arena.length('work')).toBe(0);
  });

  it('is acknowledged before it runs, and INTERRUPTED when its instance dies', async () => {
    const arena = new Arena();
    const service = { url: arena.url, prefix: arena.prefix, group: 'service', leaseTtl: 1000 };
    const victim = await Instance.start(service);
    const client = await arena.connected();
    const started = client.failure('work', { key: 'started', hold: true }, once);
    await client.tell('happened', { key: 'event', hold: true }, once);
    await eventually(() => expect(victim.of('started')).toHaveLength(2));
    expect(await arena.pending('work')).toBe(0);
    expect(await arena.length('work')).toBe(1);
    const ran: unknown[] = [];
    const note = (data: unknown) => void ran.push(data);
    await arena.serve({ messages: { work: note }, events: { happened: note } }, service);
    await victim.kill();
    expect(await started).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    await nothingLeft(arena, 'work');
    await nothingLeft(arena, 'happened');
    expect(ran).toEqual([]);
  }, 60_000);

  it('with answers of Redis swallowed, no handler starts twice', async () => {
    const arena = new Arena();
    const { proxy, url } = await proxyTo(arena.url);
    const ran = new Tally();
    const work = [(n: number) => ran.add(n), once] as const;
    await arena.serve({ messages: { work } }, { url, retryDelay: 20 });
    const client = await arena.connected({ url, retryDelay: 20 });
    await client.call('work', -1);
    proxy.treat(dropAnswers(0.05, 'commands'));
    const ends: PromiseSettledResult<unknown>[] = [];
    for (let n = 0; n < 300; n += 10) {
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
    const arena = new Arena();
    const ran = new Tally();
    const later = () => {
      ran.add('later');
      throw new RetryLater(1);
    };
    const failing = (what: string) => {
      ran.add(what);
      throw { reason: what };
    };
    await arena.serve({
      messages: {
        later: [later, once],
        policy: [() => failing('policy'), { retry: { attempts: 5, delay: 1 } }],
      },
      events: { happened: [() => failing('event'), once] },
    });
    const client = await arena.connected();
    expect(await client.failure('later')).toMatchObject({ code: 'DEAD_LETTERED' });
    expect(await client.failure('policy', 1, once)).toEqual({ reason: 'policy' });
    await client.tell('happened', 1);
    await eventually(async () => expect(await arena.deadLetters()).toHaveLength(3));
    expect(ran.repeated).toEqual([]);
    for (const stream of ['later', 'policy', 'happened']) await nothingLeft(arena, stream);
  });

  it('may be given up by its handler: a dead letter, and its caller is told', async () => {
    const arena = new Arena();
    const { DeadLetter } = await import('nestjs-redis-streams');
    const give = (_: unknown, context: RedisStreamsContext) => context.deadLetter('no');
    const refuse = () => {
      throw new DeadLetter('no');
    };
    await arena.serve({ messages: { work: refuse }, events: { happened: give } });
    const client = await arena.connected();
    expect(await client.failure('work', 1, once)).toMatchObject({ code: 'DEAD_LETTERED' });
    await client.tell('happened', 1, once);
    await eventually(async () => expect(await arena.deadLetters()).toHaveLength(2));
    await nothingLeft(arena, 'work');
    await nothingLeft(arena, 'happened');
  });
});
