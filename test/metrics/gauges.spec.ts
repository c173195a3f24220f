import { RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { delay } from '../../tools/tcp-proxy/modes.js';
import { Gate } from '../support/gate.js';
import { proxyTo } from '../support/proxy.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { redis } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
import { scraped } from './scraped.js';

const interval = 1000;

/** A place with two clients and a service: one request runs, nine wait, and one event waits for another attempt. */
async function busy(service: TestService) {
  const gate = new Gate();
  const again = () => {
    throw new RetryLater(60_000);
  };
  const server = await service.serve(
    {
      messages: { works: [() => gate.opened, { concurrency: 1 }] },
      events: { again, told: [() => undefined, { broadcast: true }] },
    },
    { drainTimeout: 0 },
  );
  const client = await service.connected();
  const calls = Array.from({ length: 10 }, () => client.call('works').catch(() => undefined));
  await client.tell('again', 1);
  await client.tell('told', 1);
  await client.tell('unheard', 1);
  await eventually(async () => expect(await service.pending('again')).toBe(1));
  return { gate, server, calls };
}

describe('figures of Redis', () => {
  it('backlog, lag, pending, ages, retries, instances and callers', async () => {
    const service = new TestService();
    const { gate, calls } = await busy(service);
    const { value, samples } = scraped({ gauges: { ...service.address, interval } });
    const works = { group: 'service', pattern: 'works' };
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    const [backlog, lag, pending] = [
      await value('backlog_entries', works),
      await value('lag_entries', works),
      await value('pending_entries', works),
    ];
    expect(backlog).toBe((lag as number) + (pending as number));
    expect(pending).toBeGreaterThan(0);
    expect(await value('oldest_entry_seconds', works)).toBeGreaterThan(0);
    expect(await value('oldest_pending_seconds', works)).toBeGreaterThan(0);
    const again = { group: 'service', pattern: 'again' };
    expect(await value('retries_waiting', again)).toBe(1);
    expect(await value('backlog_entries', again)).toBe(1);
    expect(await value('retries_waiting', works)).toBe(0);
    expect(await value('backlog_entries', { group: '', pattern: 'unheard' })).toBe(1);
    expect(await value('live_instances', { group: 'service' })).toBe(1);
    expect(await value('dead_letters_kept', { group: 'service' })).toBe(0);
    expect(await value('callers')).toBe(1);
    expect(await value('redis_read_duration_seconds')).toBeGreaterThan(0);
    // The instance has a group of its own for broadcasts; its name is no label.
    const groups = new Set((await samples()).map(({ labels }) => labels['group']));
    expect([...groups].filter((group) => group?.includes('{'))).toEqual([]);
    gate.open();
    await Promise.all(calls);
    await eventually(async () => expect(await value('backlog_entries', works)).toBe(0));
    expect(await value('oldest_entry_seconds', works)).toBe(0);
  });

  it('count a pack as one entry, however many of its events wait for another attempt', async () => {
    const service = new TestService();
    const gate = new Gate();
    const told = (fails: boolean) => {
      if (fails) throw new RetryLater(60_000);
      return gate.opened;
    };
    await service.serve({ events: { told } }, { drainTimeout: 0 });
    for (const data of [[true, true, true], [false, false], [false]]) {
      const line = `1 pack.json ${data.length} - 0`;
      await service.redis.xadd(
        service.stream('told'),
        ...['*', 'c', line, 'd', `[${data.join(',\n')}]`],
      );
    }
    await eventually(async () =>
      expect(await service.redis.hlen(service.keys.due('told'))).toBe(3),
    );
    const { value } = scraped({ gauges: { ...service.address, interval } });
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    const of = { group: 'service', pattern: 'told' };
    expect(await value('pending_entries', of)).toBe(3);
    expect(await value('retries_waiting', of)).toBe(1);
    gate.open();
  });

  it('what is due later, and since when it should have been added, whether there is a stream or not', async () => {
    const service = new TestService();
    const client = await service.connected();
    await client.tell('remind', 1, { delay: 3_600_000 });
    await client.tell('remind', 2, { delay: 3_600_000 });
    await service.redis.zadd(service.keys.when('late'), 1, 'an id');
    const { value } = scraped({ gauges: { ...service.address, interval } });
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    expect(await value('scheduled_entries', { pattern: 'remind' })).toBe(2);
    expect(await value('oldest_overdue_seconds', { pattern: 'remind' })).toBe(0);
    expect(await value('oldest_overdue_seconds', { pattern: 'late' })).toBeGreaterThan(1e9);
    expect(await value('backlog_entries', { group: '', pattern: 'remind' })).toBeUndefined();
  });

  it('of a service whose instances are gone', async () => {
    const service = new TestService();
    const server = await service.serve({ messages: { works: () => 1 } });
    await server.close();
    await service.redis.xadd(service.stream('works'), '*', 'c', '1 json - - 0', 'd', '1');
    const { value } = scraped({ gauges: { ...service.address, interval } });
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    expect(await value('backlog_entries', { group: 'service', pattern: 'works' })).toBe(1);
    expect(await value('live_instances', { group: 'service' })).toBe(0);
  });

  it('are read by one process at a time, and by another one after that', async () => {
    const service = new TestService();
    await service.serve({ messages: { works: () => 1 } });
    const gauges = { ...service.address, interval };
    const [one, other] = [scraped({ gauges }), scraped({ gauges })];
    const reading = async () =>
      Promise.all([one, other].map(async ({ value }) => (await value('redis_read_up')) === 1));
    await eventually(async () => expect(await reading()).toContain(true));
    const turn = service.keys.gauges();
    const holder = await service.redis.get(turn);
    // The other one has asked for the turn meanwhile.
    await eventually(async () => expect(await service.redis.pttl(turn)).toBeLessThan(2500));
    await eventually(async () => expect(await service.redis.pttl(turn)).toBeGreaterThan(2500));
    expect(await service.redis.get(turn)).toBe(holder);
    const [first] = await reading();
    expect((await reading()).filter(Boolean)).toEqual([true]);
    const [reader, rest] = first ? [one, other] : [other, one];
    expect(await rest.value('backlog_entries')).toBeUndefined();
    expect(await rest.value('redis_read_up')).toBeUndefined();
    await reader.stop();
    await eventually(async () => expect(await rest.value('redis_read_up')).toBe(1));
    await rest.stop();
    expect(await service.redis.exists(turn)).toBe(0);
  });

  it('are not shown any more when Redis cannot be read', async () => {
    const server = await startPrivateRedis();
    await using _ = server;
    const service = new TestService({ url: server.url });
    await service.redis.xadd(service.stream('works'), '*', 'c', '1 json - - 0', 'd', '1');
    const { value } = scraped({ gauges: { ...service.address, interval, timeout: 1000 } });
    await eventually(async () => expect(await value('backlog_entries')).toBe(1));
    server.freeze();
    await eventually(async () => expect(await value('redis_read_up')).toBe(0));
    expect(await value('backlog_entries')).toBeUndefined();
    server.thaw();
    await eventually(async () => expect(await value('backlog_entries')).toBe(1));
    expect(await value('redis_read_up')).toBe(1);
  });

  it('have new streams soon, however slow the way to Redis is', async () => {
    const server = await startPrivateRedis();
    await using _ = server;
    const { proxy, url } = await proxyTo(server.url);
    proxy.greet(delay(50, 60));
    const service = new TestService({ url: server.url });
    const { value } = scraped({ gauges: { url, prefix: service.prefix, interval } });
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    await service.redis.xadd(service.stream('late'), '*', 'c', '1 json - - 0', 'd', '1');
    // By the time that the scan took, 20 s would pass before the next one.
    const late = { group: '', pattern: 'late' };
    await eventually(async () => expect(await value('backlog_entries', late)).toBe(1), 15_000);
  });

  it('have no labels of hostile length, and keys of other types do no harm', async () => {
    const service = new TestService();
    const hostile = `long\u001b[31m"\n${'x'.repeat(1024 * 1024)}`;
    await service.redis.xadd(service.stream(hostile), '*', 'a', 'b');
    await service.redis.set(service.stream('text'), 'text');
    await service.redis.set(service.keys.members('text'), 'text');
    await service.redis.set(service.keys.dead('text'), 'text');
    await service.redis.xadd(service.stream('a'), '*', 'a', 'b');
    await service.redis.set(service.keys.due('a'), 'text');
    const { value, registry, samples } = scraped({ gauges: { ...service.address, interval } });
    await eventually(async () => expect(await value('redis_read_up')).toBe(1));
    expect((await registry.metrics()).length).toBeLessThan(40_000);
    const streams = (await samples()).filter(({ name }) => name.endsWith('_backlog_entries'));
    expect(streams).toHaveLength(2);
    expect(await value('live_instances', { group: 'text' })).toBe(0);
  });
});

test('figures of 1,000 patterns and 50 groups cost Redis little, in small steps', async () => {
  const server = await startPrivateRedis();
  await using _ = server;
  const service = new TestService({ url: server.url });
  const place = redis(server.url);
  for (let i = 0; i < 1000; i += 50) {
    const many = place.pipeline();
    for (let n = i; n < i + 50; n++) {
      const stream = service.stream(`p${n}`);
      many.xgroup('CREATE', stream, `g${n % 50}`, '$', 'MKSTREAM');
      for (let entry = 0; entry < 3; entry++) many.xadd(stream, '*', 'c', '1', 'd', 'x');
      many.xreadgroup('GROUP', `g${n % 50}`, 'one', 'COUNT', 1, 'STREAMS', stream, '>');
    }
    await many.exec();
  }
  await place.config('RESETSTAT');
  const { value, samples } = scraped({ gauges: { ...service.address, interval: 600_000 } });
  await eventually(async () => expect(await value('redis_read_up')).toBe(1));
  const lags = (await samples()).filter(({ name }) => name.endsWith('_lag_entries'));
  expect(lags.reduce((sum, lag) => sum + lag.value, 0)).toBe(2000);
  const stats = await place.info('commandstats');
  const scripts = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(stats);
  expect(Number(scripts?.[1])).toBeLessThan(120);
  // A percent of a core, of 15 s, is 150 ms.
  expect(Number(scripts?.[2])).toBeLessThan(600_000);
});
