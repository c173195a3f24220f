import { from, interval, lastValueFrom, map, take, tap, toArray } from 'rxjs';
import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { counting, Load } from '../../support/load.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { watched } from '../../support/watched.js';

describe('L13: a caller whose reply log is unusable', () => {
  it('does not keep others from their replies, and gets an error itself', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (n: number) => n } });
    const bad = await service.connected();
    const good = await service.connected();
    expect(await bad.call('work', 1)).toBe(1);
    await service.redis.set(service.keys.log(bad.callerId), 'not a stream');
    const [failure, ...answers] = await Promise.all([
      bad.failure('work', 0, { timeout: 3000 }),
      ...range(50).map((n) => good.call('work', n)),
    ]);
    expect(answers).toEqual(range(50));
    expect(failure).toMatchObject({ outcome: 'may-have-run' });
    expect(await service.length('work')).toBe(0);
  });
});

describe('L14, L15: replies and interruptions', () => {
  it('CLIENT KILL TYPE pubsub during calls loses nothing', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const load = new Load(client, 30);
    for (let round = 1; round <= 10; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 100), 20_000);
      await service.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(1500), 20_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  });

  it('CLIENT KILL of everything during calls loses and repeats nothing', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const load = new Load(client, 30);
    for (let round = 1; round <= 10; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 100), 20_000);
      await service.redis.call('CLIENT', 'KILL', 'TYPE', round % 2 ? 'normal' : 'pubsub');
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(1500), 20_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  });

  it('values of streams come in order, each once, whatever is cut meanwhile', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const work = (key: number) =>
      interval(2).pipe(
        take(300),
        map((n) => `${key} ${n}`),
      );
    await service.serve({ messages: { work } });
    const client = await service.connected();
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
      await service.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
    const streams = await replies;
    for (const [key, values] of streams.entries()) {
      expect(values).toEqual(range(300).map((n) => `${key} ${n}`));
    }
  });

  it('values that leave in one turn come in order as well, large ones included', async () => {
    const service = new TestService();
    const pad = 'x'.repeat(20_000);
    const work = () => from(range(200).map((n) => `${n} ${n % 3 ? '' : pad}`));
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const values = await client.values<string>('work');
    expect(values.map((value) => Number.parseInt(value, 10))).toEqual(range(200));
  });

  it('a reply that was written while no connection listened is read from the log', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    let finish: () => void = () => {};
    const done = new Promise<void>((resolve) => (finish = resolve));
    await service.serve({ messages: { work: () => done.then(() => 'late') } });
    const allow = (...rules: string[]) =>
      service.redis.call('ACL', 'SETUSER', 'caller', 'on', '>secret', '~*', '&*', ...rules);
    await allow('+@all');
    const url = new URL(redis.url);
    [url.username, url.password] = ['caller', 'secret'];
    const client = await service.connected({ url: url.href });
    const call = client.call('work');
    await eventually(async () => expect(await service.pending('work')).toBe(1));
    const log = service.keys.log(client.callerId);
    const before = await service.redis.xlen(log);
    // Its subscription cannot come back before the reply is written.
    await allow('-subscribe');
    await service.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    finish();
    await eventually(async () => expect(await service.redis.xlen(log)).toBeGreaterThan(before));
    await allow('+subscribe');
    expect(await call).toBe('late');
  });

  it('trims its log while it reads', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (n: number) => n } });
    const client = await service.connected();
    for (let round = 0; round < 600; round++) await client.call('work', round);
    expect(await service.redis.xlen(service.keys.log(client.callerId))).toBeLessThan(400);
    expect(await service.redis.pttl(service.keys.log(client.callerId))).toBeGreaterThan(0);
  });

  it('a stream whose instance dies is INTERRUPTED, never a mixture of two runs', async () => {
    const service = new TestService();
    const served: string[] = [];
    const serving = (name: string) => ({
      messages: {
        work: () => {
          served.push(name);
          return interval(20).pipe(map((n) => `${name} ${n}`));
        },
      },
    });
    const first = await service.serve(serving('first'), { drainTimeout: 100 });
    const client = await service.connected();
    const values: string[] = [];
    const ended = new Promise((resolve) => {
      client.send<string>('work', {}).subscribe({
        next: (value) => values.push(value),
        error: resolve,
        complete: () => resolve(undefined),
      });
    });
    await eventually(() => expect(values.length).toBeGreaterThan(3));
    await service.serve(serving('second'));
    await first.close();
    expect(await ended).toMatchObject({ code: 'INTERRUPTED', outcome: 'may-have-run' });
    expect(values).toEqual(range(values.length).map((n) => `first ${n}`));
  });
});
