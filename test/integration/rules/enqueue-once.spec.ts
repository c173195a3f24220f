import { blackhole, dropAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { counting, Load } from '../../support/load.js';
import { startPrivateRedis } from '../../support/redis-process.js';
import { proxyIn } from '../../support/proxy.js';

describe('L1–L4: what is sent again is stored once', () => {
  it('with 5 % of the answers swallowed and the link cut, N calls give N executions', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    const client = await service.connected(through);
    proxy.treat(dropAnswers(0.05, 'commands'));
    const load = new Load(client, 50);
    // Answers are dropped by chance, and batches are larger on a busy machine.
    await eventually(() => {
      expect(load.answered).toBeGreaterThan(4000);
      expect(proxy.counts.dropped).toBeGreaterThan(5);
    }, 40_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    expect(ran.total).toBe(load.sent);
  }, 60_000);

  it('and N events are handled N times', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const seen = new Tally();
    await service.serve({ events: { happened: (n: number) => seen.add(n) } });
    const client = await service.connected(through);
    proxy.treat(dropAnswers(0.05, 'commands'));
    let told = 0;
    while (told < 1000 || (proxy.counts.dropped <= 2 && told < 10_000)) {
      await Promise.all(range(10).map((n) => client.tell('happened', told + n)));
      told += 10;
    }
    expect(proxy.counts.dropped).toBeGreaterThan(2);
    await eventually(() => expect(seen.total).toBe(told));
    expect(seen.repeated).toEqual([]);
  }, 60_000);

  it('with the answers to settlements swallowed as well, nothing runs twice', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { ran, work } = counting();
    await service.serve({ messages: { work } }, through);
    const client = await service.connected();
    proxy.treat(dropAnswers(0.05, 'commands'));
    const load = new Load(client, 50);
    // Answers are dropped by chance, and batches are larger on a busy machine.
    await eventually(() => {
      expect(load.answered).toBeGreaterThan(3000);
      expect(proxy.counts.dropped).toBeGreaterThan(5);
    }, 40_000);
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
    await eventually(async () => expect(await service.pending('work')).toBe(0));
  }, 60_000);

  it('a batch whose answer is never heard is sent again, and calls that ended are left out', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    const client = await service.connected(through);
    await client.call('work', { key: -1 });
    // Nothing leaves: what is given up meanwhile must not be sent when the link is back.
    proxy.treat(blackhole);
    const ended = await Promise.all(
      range(10).map((key) => client.failure('work', { key }, { timeout: 300 })),
    );
    for (const error of ended) expect(error).toMatchObject({ code: 'TIMEOUT' });
    proxy.greet(pass);
    proxy.cut();
    expect(await client.call('work', { key: 100 })).toBe(100);
    for (const [i, error] of ended.entries()) {
      if ((error as { outcome: string }).outcome === 'not-run')
        expect(ran.counts.has(i)).toBe(false);
    }
    expect(ran.counts.has(0)).toBe(false);
  });

  it('after FLUSHALL a new epoch begins, and open calls still end', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } }, { leaseTtl: 1000 });
    const client = await service.connected();
    const load = new Load(client, 10);
    await eventually(() => expect(load.answered).toBeGreaterThan(200));
    const callerKey = service.keys.caller(client.callerId);
    expect(await service.redis.hget(callerKey, 'e')).toBe('1');
    await service.redis.flushall();
    const before = load.answered;
    await eventually(() => expect(load.answered).toBeGreaterThan(before + 200), 20_000);
    await load.stop();
    expect(load.ended).toHaveLength(load.sent);
    expect(Number(await service.redis.hget(callerKey, 'e'))).toBeGreaterThan(1);
    for (const { key, error } of load.failed) {
      if (error!.outcome === 'not-run') expect(ran.counts.has(key)).toBe(false);
    }
    for (const key of ran.repeated) expect(ran.counts.get(key)).toBeLessThanOrEqual(2);
  }, 40_000);

  it('scripts that Redis has forgotten are taught again, without a failed call', async () => {
    await using redis = await startPrivateRedis();
    const service = new TestService({ url: redis.url });
    const { ran, work } = counting();
    await service.serve({ messages: { work } });
    const client = await service.connected();
    const load = new Load(client, 20);
    for (let round = 1; round <= 5; round++) {
      await eventually(() => expect(load.answered).toBeGreaterThan(round * 200));
      await service.redis.script('FLUSH');
    }
    await eventually(() => expect(load.answered).toBeGreaterThan(1500));
    await load.stop();
    expect(load.failed).toEqual([]);
    expect(ran.repeated).toEqual([]);
  });
});
