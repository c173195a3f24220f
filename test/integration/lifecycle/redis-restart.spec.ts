import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { counting, Load } from '../../support/load.js';
import { startDurableRedis, startPrivateRedis } from '../../support/redis-process.js';

async function forgetful() {
  const redis = await startPrivateRedis();
  onTestFinished(() => redis.stop());
  return redis;
}

describe('Redis killed and started again under load', () => {
  it('with its memory on disk: every call is answered, and runs once', async () => {
    const redis = await startDurableRedis();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const load = new Load(client, 20);
    for (let round = 1; round <= 3; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 200), 25_000);
      await redis.kill();
      await redis.restart();
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(900), 25_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    await eventually(async () => expect(await service.length('work')).toBe(0));
  }, 90_000);

  it('with an empty memory: every call ends, and what failed is told truthfully', async () => {
    const redis = await forgetful();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const load = new Load(client, 20);
    for (let round = 1; round <= 3; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 200), 25_000);
      await redis.kill();
      await redis.restart();
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(900), 25_000);
    await load.stop();
    expect(load.ended).toHaveLength(load.sent);
    for (const { key, error } of load.failed) {
      if (error!.outcome === 'not-run') expect(ran.counts.has(key)).toBe(false);
    }
    // What Redis lost is sent again, so only few could fail at all.
    expect(load.failed.length).toBeLessThan(60);
    for (const key of ran.repeated) expect(ran.counts.get(key)).toBeLessThanOrEqual(2);
  }, 90_000);

  it('events that were stored before it died are handled', async () => {
    const redis = await startDurableRedis();
    const service = new TestService({ url: redis.url });
    const client = await service.connected();
    const seen = new Set<number>();
    const happened = (n: number) => void seen.add(n);
    await service.serve({ events: { happened } });
    const sending = range(200).map(async (n) => {
      await new Promise((resolve) => setTimeout(resolve, n));
      await client.tell('happened', n);
    });
    await eventually(() => expect(seen.size).toBeGreaterThan(50));
    await redis.kill();
    await redis.restart();
    await Promise.all(sending);
    await eventually(() => expect(seen.size).toBe(200), 20_000);
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
  }, 60_000);
});

describe('Redis that stands still', () => {
  it('for a while: nothing is lost, repeated or taken over', async () => {
    const redis = await forgetful();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    const names = new Set<string>();
    const naming = (data: { key: number }, context: { getConsumer(): string }) => {
      names.add(context.getConsumer());
      return work(data);
    };
    await service.serve({ messages: { work: naming } }, { leaseTtl: 1000 });
    await service.serve({ messages: { work: naming } }, { leaseTtl: 1000 });
    const client = await service.connected();
    const load = new Load(client, 10);
    await eventually(() => expect(load.answered).toBeGreaterThan(200));
    redis.freeze();
    // Longer than a lease; the connections take part in the wait.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    redis.thaw();
    const before = load.answered;
    await eventually(() => expect(load.answered).toBeGreaterThan(before + 200), 20_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    expect(names.size).toBe(2);
  }, 60_000);
});

describe('Redis whose memory is full', () => {
  it('refuses new calls as certainly not run, and lets running ones finish', async () => {
    const redis = await forgetful();
    const service = new TestService({ url: redis.url });
    let finish: (value: string) => void = () => {};
    const slow = new Promise<string>((resolve) => (finish = resolve));
    await service.serve({ messages: { slow: () => slow, work: () => 'fine' } });
    const client = await service.connected();
    const running = client.call('slow');
    await eventually(async () => expect(await service.pending('slow')).toBe(1));
    await service.redis.config('SET', 'maxmemory', '1');
    expect(await client.failure('work')).toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    await expect(client.tell('work')).rejects.toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    finish('finished');
    expect(await running).toBe('finished');
    await service.redis.config('SET', 'maxmemory', '0');
    await eventually(async () => expect(await client.call('work')).toBe('fine'));
  });
});
