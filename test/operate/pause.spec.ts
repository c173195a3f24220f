import {
  pauseInstance,
  pausePattern,
  readPaused,
  readStatistics,
  resumeInstance,
  resumePattern,
} from 'nestjs-redis-streams/operate';
import { RetryLater } from 'nestjs-redis-streams';
import type { DiagnosticsMessages } from 'nestjs-redis-streams/diagnostics';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';

const pattern = 'orders.price';
const where = (service: TestService) => ({ ...service.address });

/** A service that notes what it runs. */
async function serving(
  options: Parameters<TestService['serve']>[1] = {},
  service = new TestService(),
) {
  const ran: unknown[] = [];
  const note = (data: unknown) => (ran.push(data), data);
  const messages = { 'orders.price': note, 'orders.stock': note };
  const events = { 'orders.placed': note };
  const server = await service.serve({ messages, events }, options);
  const { shards } = options;
  const client = await service.connected(shards === undefined ? {} : { shards });
  return { service, server, client, ran };
}

describe('L27: a paused pattern', () => {
  it.each([1, 3])(
    'starts nothing new; calls wait, and run when it goes on, shards: %i',
    async (shards) => {
      const { service, client, ran } = await serving({ shards });
      expect(await pausePattern(where(service), { pattern, reason: 'too hot' })).toMatchObject({
        ...{ service: 'service', changed: true, instances: 1, applied: 1, known: true },
      });
      const waiting = client.call(pattern, 'waits');
      expect(await client.call('orders.stock', 'goes')).toBe('goes');
      expect(ran).toEqual(['goes']);
      expect(await readPaused(where(service))).toMatchObject({
        patterns: [{ service: 'service', pattern, refuses: false, reason: 'too hot' }],
        instances: [],
      });
      expect(await resumePattern(where(service), { pattern })).toMatchObject({
        changed: true,
        applied: 1,
      });
      expect(await waiting).toBe('waits');
      expect(await readPaused(where(service))).toEqual({ patterns: [], instances: [] });
      expect(await service.redis.exists(service.keys.paused('service'))).toBe(0);
      expect(await resumePattern(where(service), { pattern })).toMatchObject({ changed: false });
    },
  );

  it('refuses calls with a time, if that is wanted, also those that wait; events wait', async () => {
    const { service, client, ran } = await serving();
    await pausePattern(where(service), { pattern });
    const waiting = client.failure(pattern, 'waits');
    await pausePattern(where(service), { pattern: 'orders.placed', refuse: true });
    await client.tell('orders.placed', 'event');
    const until = Date.now() + 3_600_000;
    await pausePattern(where(service), { pattern, refuse: true, until });
    const refused = { code: 'PAUSED', outcome: 'not-run', retryable: true, until };
    expect(await waiting).toMatchObject(refused);
    const error = (await client.failure(pattern, 'new')) as Error;
    expect(error).toMatchObject(refused);
    expect(error.message).toContain(new Date(until).toISOString());
    expect(ran).toEqual([]);
    await resumePattern(where(service), { pattern: 'orders.placed' });
    await eventually(() => expect(ran).toEqual(['event']));
  });

  it('ends by itself at its time', async () => {
    const { service, client } = await serving();
    await pausePattern(where(service), { pattern, until: Date.now() + 1500 });
    expect(await client.call(pattern, 1)).toBe(1);
  });

  it('is applied by instances that start, and survives them all', async () => {
    const { service, server, client, ran } = await serving();
    await pausePattern(where(service), { pattern });
    await server.close();
    const lines: string[] = [];
    const again = service.server({ messages: { [pattern]: (data: unknown) => data } });
    again.on('pattern.paused', (told: DiagnosticsMessages['pattern.paused']) =>
      lines.push(told.pattern),
    );
    again.on('pattern.resumed', (told: DiagnosticsMessages['pattern.resumed']) =>
      lines.push(`not ${told.pattern}`),
    );
    await again.listen(() => undefined);
    expect(lines).toEqual([pattern]);
    const waiting = client.call(pattern, 'waits');
    await eventually(async () => expect(await service.length(pattern)).toBe(1));
    expect(await service.pending(pattern, 'service')).toBe(0);
    await resumePattern(where(service), { pattern });
    expect(await waiting).toBe('waits');
    expect(lines).toEqual([pattern, `not ${pattern}`]);
    expect(ran).toEqual([]);
  });

  it('lets what runs finish', async () => {
    const service = new TestService();
    const gate = new Gate();
    await service.serve({ messages: { slow: () => gate.opened.then(() => 'done') } });
    const client = await service.connected();
    const running = client.call('slow');
    await eventually(async () => expect(await service.pending('slow', 'service')).toBe(1));
    await pausePattern(where(service), { pattern: 'slow' });
    gate.open();
    expect(await running).toBe('done');
  });

  it('starts nothing that is taken over or due again', async () => {
    const service = new TestService();
    const ran: string[] = [];
    let fails = true;
    const event = () => {
      ran.push('event');
      if (fails) throw new Error('once more');
    };
    const handlers = {
      events: { later: [event, { retry: { attempts: 5, delay: 300 } }] as const },
    };
    const server = await service.serve(handlers, { drainTimeout: 0 });
    const client = await service.connected();
    await client.tell('later', 1);
    await eventually(() => expect(ran.length).toBeGreaterThan(0));
    await pausePattern(where(service), { pattern: 'later' });
    fails = false;
    const before = ran.length;
    await eventually(async () => {
      const [note = ''] = await service.redis.hvals(service.keys.due('later'));
      expect(Number.parseInt(note, 10)).toBeLessThan(Date.now() - 100);
    });
    expect(ran).toHaveLength(before);
    await server.close();
    await service.serve(handlers);
    await eventually(async () => expect(await service.pending('later', 'service')).toBe(1));
    expect(ran).toHaveLength(before);
    await resumePattern(where(service), { pattern: 'later' });
    await eventually(() => expect(ran).toHaveLength(before + 1));
  });

  it('refuses nothing that may have run', async () => {
    const service = new TestService();
    let ran = 0;
    const once = () => {
      if (ran++ === 0) throw new RetryLater(2000);
      return 'done';
    };
    await service.serve({ messages: { once } });
    const client = await service.connected();
    const ended = client.call('once');
    await eventually(async () =>
      expect(await service.redis.hlen(service.keys.due('once'))).toBe(1),
    );
    await pausePattern(where(service), { pattern: 'once', refuse: true });
    await eventually(async () => {
      const [note = ''] = await service.redis.hvals(service.keys.due('once'));
      expect(Number.parseInt(note, 10)).toBeLessThan(Date.now() - 100);
    });
    await pausePattern(where(service), {
      pattern: 'once',
      refuse: true,
      until: Date.now() + 60_000,
    });
    expect(ran).toBe(1);
    await resumePattern(where(service), { pattern: 'once' });
    expect(await ended).toBe('done');
  });

  it('ends calls at their deadlines', async () => {
    const { service, client, ran } = await serving({ leaseTtl: 3000 });
    await pausePattern(where(service), { pattern });
    // Redis has 150 ms to decide, which a busy machine may need for something else.
    await eventually(async () =>
      expect(await client.failure(pattern, 1, { timeout: 300 })).toMatchObject({
        ...{ code: 'TIMEOUT', outcome: 'not-run' },
      }),
    );
    await resumePattern(where(service), { pattern });
    expect(ran).toEqual([]);
  });

  it('does not block its neighbours in a lane, whose calls that wait are held in bounds', async () => {
    const lanes = { lane: ['orders.price', 'orders.stock'] };
    const service = new TestService();
    const ran: unknown[] = [];
    const note = (data: unknown) => (ran.push(data), data);
    const messages = { 'orders.price': note, 'orders.stock': note };
    await service.serve({ messages }, { lanes });
    const client = await service.connected({ lanes });
    await pausePattern(where(service), { pattern });
    let refused = 0;
    const waiting = Array.from({ length: 1100 }, (_, i) =>
      client.call(pattern, i).catch(({ code }: { code: string }) => {
        if (code === 'PAUSED') refused++;
      }),
    );
    expect(await client.call('orders.stock', 'goes')).toBe('goes');
    await eventually(() => expect(refused).toBeGreaterThan(0));
    expect(await client.call('orders.stock', 'goes on')).toBe('goes on');
    await resumePattern(where(service), { pattern });
    await Promise.all(waiting);
    expect(refused).toBeLessThanOrEqual(100);
    expect(ran).toHaveLength(1100 - refused + 2);
  });
});

it('a paused instance takes nothing new, and others do', async () => {
  const { service, ran } = await serving();
  const { instances } = (
    await import('nestjs-redis-streams/operate').then(({ readServices }) =>
      readServices(where(service)),
    )
  )[0]!;
  const instance = instances[0]?.name ?? '';
  const paused = await pauseInstance(where(service), { instance, reason: 'leaks' });
  expect(paused).toMatchObject({ service: 'service', instances: 1, applied: 1 });
  const other = await serving({}, service);
  for (let i = 0; i < 20; i++) expect(await other.client.call(pattern, i)).toBe(i);
  expect(ran).toEqual([]);
  expect(other.ran).toHaveLength(20);
  expect(await readPaused(where(service))).toMatchObject({
    ...{ patterns: [], instances: [{ service: 'service', instance, reason: 'leaks' }] },
  });
  await other.server.close();
  const waiting = other.client.call(pattern, 'waits');
  await resumeInstance(where(service), { instance });
  expect(await waiting).toBe('waits');
  expect(ran).toEqual(['waits']);
});

it('works in a Redis that is full, and instances say then what they have done', async () => {
  await using redis = await startPrivateRedis();
  const { service, client } = await serving({}, new TestService({ url: redis.url }));
  expect(await client.call(pattern, 1)).toBe(1);
  await service.redis.config('SET', 'maxmemory', '1');
  const one = { service: 'service', instances: 1, applied: 1 };
  expect(await pausePattern(where(service), { pattern })).toMatchObject(one);
  expect((await readPaused(where(service))).patterns).toMatchObject([{ pattern }]);
  expect(await readStatistics(where(service))).toMatchObject({ instances: [{}], silent: [] });
  expect(await resumePattern(where(service), { pattern })).toMatchObject(one);
});

it('says which service is meant, and what cannot be paused', async () => {
  const { service } = await serving();
  await service.serve({ events: { 'orders.placed': () => undefined } }, { group: 'mail' });
  await expect(pausePattern(where(service), { pattern: 'orders.placed' })).rejects.toThrow(
    /several services .*: mail, service/,
  );
  await expect(pausePattern(where(service), { pattern: 'unknown' })).rejects.toThrow(/no service/);
  await expect(pausePattern(where(service), { pattern, until: 1 })).rejects.toThrow(/future/);
  await expect(pauseInstance(where(service), { instance: 'x' })).rejects.toThrow(/no service/);
});
