import { from, interval, lastValueFrom, map, take, tap, toArray } from 'rxjs';
import { Arena, eventually, range } from '../../support/arena.js';
import { counting, Load } from '../../support/load.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { watched } from '../../support/watched.js';

describe('L13: a caller whose reply log is unusable', () => {
  it('does not keep others from their replies, and hears of it itself', async () => {
    const arena = new Arena();
    await arena.serve({ messages: { work: (n: number) => n } });
    const bad = await arena.connected();
    const good = await arena.connected();
    expect(await bad.call('work', 1)).toBe(1);
    await arena.redis.set(arena.keys.log(bad.callerId), 'not a stream');
    const [failure, ...answers] = await Promise.all([
      bad.failure('work', 0, { timeout: 3000 }),
      ...range(50).map((n) => good.call('work', n)),
    ]);
    expect(answers).toEqual(range(50));
    expect(failure).toMatchObject({ outcome: 'may-have-run' });
    expect(await arena.length('work')).toBe(0);
  });
});

describe('L14, L15: replies and interruptions', () => {
  it('CLIENT KILL TYPE pubsub during calls loses nothing', async () => {
    await using redis = await startPrivateRedis();
    const arena = new Arena(redis.url);
    const { ran, work } = counting();
    await arena.serve({ messages: { work } });
    const client = await arena.connected();
    const load = new Load(client, 30);
    for (let round = 1; round <= 10; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 100), 20_000);
      await arena.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(1500), 20_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  });

  it('CLIENT KILL of everything during calls loses and repeats nothing', async () => {
    await using redis = await startPrivateRedis();
    const arena = new Arena(redis.url);
    const { ran, work } = counting();
    await arena.serve({ messages: { work } });
    await arena.serve({ messages: { work } });
    const client = await arena.connected();
    const load = new Load(client, 30);
    for (let round = 1; round <= 10; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 100), 20_000);
      await arena.redis.call('CLIENT', 'KILL', 'TYPE', round % 2 ? 'normal' : 'pubsub');
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(1500), 20_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  });

  it('values of streams come in order, each once, whatever is cut meanwhile', async () => {
    await using redis = await startPrivateRedis();
    const arena = new Arena(redis.url);
    const work = (key: number) =>
      interval(2).pipe(
        take(300),
        map((n) => `${key} ${n}`),
      );
    await arena.serve({ messages: { work } });
    const client = await arena.connected();
    let heard = 0;
    const replies = watched(
      Promise.all(
        range(5).map((key) =>
          lastValueFrom(
            client.send<string>('work', key).pipe(
              tap(() => heard++),
              toArray(),
            ),
          ),
        ),
      ),
    );
    for (let round = 1; round <= 8; round++) {
      await eventually(() => expect(heard).toBeGreaterThan(round * 150));
      await arena.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    const streams = await replies;
    for (const [key, values] of streams.entries()) {
      expect(values).toEqual(range(300).map((n) => `${key} ${n}`));
    }
  });

  it('values that leave in one turn come in order as well, large ones included', async () => {
    const arena = new Arena();
    const pad = 'x'.repeat(20_000);
    const work = () => from(range(200).map((n) => `${n} ${n % 3 ? '' : pad}`));
    await arena.serve({ messages: { work } });
    const client = await arena.connected();
    const values = await client.values<string>('work');
    expect(values.map((value) => Number.parseInt(value, 10))).toEqual(range(200));
  });

  it('a reply that was written while nobody listened is read from the log', async () => {
    await using redis = await startPrivateRedis();
    const arena = new Arena(redis.url);
    let finish: () => void = () => {};
    const done = new Promise<void>((resolve) => (finish = resolve));
    await arena.serve({ messages: { work: () => done.then(() => 'late') } });
    const allow = (...rules: string[]) =>
      arena.redis.call('ACL', 'SETUSER', 'caller', 'on', '>secret', '~*', '&*', ...rules);
    await allow('+@all');
    const url = new URL(redis.url);
    [url.username, url.password] = ['caller', 'secret'];
    const client = await arena.connected({ url: url.href });
    const call = client.call('work');
    await eventually(async () => expect(await arena.pending('work')).toBe(1));
    const log = arena.keys.log(client.callerId);
    const before = await arena.redis.xlen(log);
    // Its subscription cannot come back before the reply is written.
    await allow('-subscribe');
    await arena.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    finish();
    await eventually(async () => expect(await arena.redis.xlen(log)).toBeGreaterThan(before));
    await allow('+subscribe');
    expect(await call).toBe('late');
  });

  it('trims its log while it reads', async () => {
    const arena = new Arena();
    await arena.serve({ messages: { work: (n: number) => n } });
    const client = await arena.connected();
    for (let round = 0; round < 600; round++) await client.call('work', round);
    expect(await arena.redis.xlen(arena.keys.log(client.callerId))).toBeLessThan(400);
    expect(await arena.redis.pttl(arena.keys.log(client.callerId))).toBeGreaterThan(0);
  });

  it('a stream whose instance dies is INTERRUPTED, never a mixture of two runs', async () => {
    const arena = new Arena();
    const served: string[] = [];
    const serving = (name: string) => ({
      messages: {
        work: () => {
          served.push(name);
          return interval(20).pipe(map((n) => `${name} ${n}`));
        },
      },
    });
    const first = await arena.serve(serving('first'), { drainTimeout: 100 });
    const client = await arena.connected();
    const values: string[] = [];
    const ended = new Promise((resolve) => {
      client.send<string>('work', {}).subscribe({
        next: (value) => values.push(value),
        error: resolve,
        complete: () => resolve(undefined),
      });
    });
    await eventually(() => expect(values.length).toBeGreaterThan(3));
    await arena.serve(serving('second'));
    await first.close();
    expect(await ended).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    expect(values).toEqual(range(values.length).map((n) => `first ${n}`));
  });
});
