import { RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

interface Context {
  getConsumer(): string;
  getMessageId(): string;
  getFailedAttempts(): number;
  readonly signal: AbortSignal;
}

/** An instance whose handler waits, and what is known of its runs. */
async function holding(service: TestService, leaseTtl = 1500) {
  const gate = new Gate();
  const runs: { consumer: string; aborted: boolean }[] = [];
  const work = async (key: unknown, context: Context) => {
    const run = { consumer: context.getConsumer(), aborted: false };
    runs.push(run);
    context.signal.addEventListener('abort', () => (run.aborted = true));
    await gate.opened;
    return key;
  };
  await service.serve({ messages: { work } }, { leaseTtl });
  return { gate, runs };
}

describe('L8, L9: leases', () => {
  it('one missing sighting takes nothing over: the owner renews, and is answered', async () => {
    const service = new TestService();
    const { gate, runs } = await holding(service);
    const client = await service.connected();
    const call = client.call('work', 1);
    await eventually(() => expect(runs).toHaveLength(1));
    const heir = new Tally();
    await service.serve({ messages: { work: () => heir.add('ran') } }, { leaseTtl: 1500 });
    const lease = service.keys.lease(runs[0]!.consumer);
    await service.redis.del(lease);
    await eventually(async () => expect(await service.redis.exists(lease)).toBe(1));
    // As the heir's next scans see it.
    await service.redis.pexpire(lease, 1);
    await eventually(async () => expect(await service.redis.pttl(lease)).toBeGreaterThan(1000));
    gate.open();
    expect(await call).toBe(1);
    expect(heir.total).toBe(0);
    expect(runs).toMatchObject([{ aborted: false }]);
    expect(await client.call('work', 2)).toBeDefined();
    expect(await service.consumers('work')).toHaveLength(2);
  });

  it('a revoked owner is fenced: its signal fires, its late result changes nothing', async () => {
    const service = new TestService();
    const { gate, runs } = await holding(service);
    const client = await service.connected();
    const values: unknown[] = [];
    const call = client.call('work', 'first').then((value) => values.push(value));
    await eventually(() => expect(runs).toHaveLength(1));
    await service.redis.set(service.keys.lease(runs[0]!.consumer), '+');
    await eventually(() => expect(runs[0]!.aborted).toBe(true), 3000);
    // It goes on under a new name, and takes over what it had lost itself.
    await eventually(() => expect(runs).toHaveLength(2));
    expect(runs[1]!.consumer).not.toBe(runs[0]!.consumer);
    gate.open();
    await call;
    expect(await client.call('work', 'next')).toBe('next');
    expect(values).toEqual(['first']);
    expect(await service.length('work')).toBe(0);
    await eventually(async () => expect(await service.consumers('work')).toHaveLength(1));
  });

  it('a consumer that comes back after its deletion is found by the next scan', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.serve({ messages: { work: (n: number) => ran.add(n) } }, { leaseTtl: 1000 });
    const client = await service.connected();
    await client.call('work', 0);
    await service.redis.set(service.keys.lease('ghost'), '+');
    const server = service.keys.stream('work');
    for (let round = 1; round <= 2; round++) {
      // A late read, under a name whose consumer is gone.
      await service.redis.xgroup('CREATECONSUMER', server, 'service', 'ghost');
      await eventually(async () => expect(await service.consumers('work')).not.toContain('ghost'));
    }
    expect(ran.repeated).toEqual([]);
  });
});

describe('L10: the audit', () => {
  it('finds entries that Redis handed over without being heard, and runs them once', async () => {
    const service = new TestService();
    const gate = new Gate();
    const ran = new Tally();
    let name = '';
    const work = async (n: number, context: Context) => {
      name = context.getConsumer();
      ran.add(n);
      if (n === 0) await gate.opened;
      return n;
    };
    await service.serve({ messages: { work } }, { leaseTtl: 1000, concurrency: 1 });
    const client = await service.connected();
    const calls = [client.call('work', 0)];
    await eventually(() => expect(ran.total).toBe(1));
    calls.push(...range(5).map((n) => client.call('work', n + 1)));
    await eventually(async () => expect(await service.length('work')).toBe(6));
    // The only slot is taken, so these are read by nobody else.
    const key = service.keys.stream('work');
    await service.redis.xreadgroup('GROUP', 'service', name, 'STREAMS', key, '>');
    expect(await service.pending('work')).toBe(6);
    gate.open();
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(ran.repeated).toEqual([]);
  });

  it('runs nothing twice while calls come and go', async () => {
    const service = new TestService();
    const ran = new Tally();
    // Renewed, and so audited, six times a second.
    await service.serve({ messages: { work: (n: number) => ran.add(n) } }, { leaseTtl: 500 });
    await service.serve({ messages: { work: (n: number) => ran.add(n) } }, { leaseTtl: 500 });
    const client = await service.connected();
    for (let round = 0; round < 100; round++) {
      await Promise.all(range(20).map((n) => client.call('work', round * 20 + n)));
    }
    expect(ran.total).toBe(2000);
    expect(ran.repeated).toEqual([]);
  });
});

describe('L17: identity', () => {
  it('a retried call keeps its entry and its id, and nothing is added', async () => {
    const service = new TestService();
    const ids: string[] = [];
    const work = (_: unknown, context: Context) => {
      ids.push(context.getMessageId());
      if (context.getFailedAttempts() < 2) throw new RetryLater(20);
      return 'done';
    };
    await service.serve({ messages: { work } });
    const client = await service.connected();
    expect(await client.call('work')).toBe('done');
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(await service.length('work')).toBe(0);
    expect(await service.redis.exists(service.keys.due('work'))).toBe(0);
  });

  it('a retried event keeps its id, and the other groups see it once', async () => {
    const service = new TestService();
    const ids: string[] = [];
    const other: unknown[] = [];
    const retry = { attempts: 3, delay: 20, maxDelay: 20 };
    const fail = (_: unknown, context: Context) => {
      ids.push(context.getMessageId());
      if (ids.length < 3) throw new Error('not yet');
    };
    await service.serve({ events: { happened: [fail, { retry }] } });
    await service.serve(
      { events: { happened: (n: unknown) => void other.push(n) } },
      { group: 'b' },
    );
    const client = await service.connected();
    await client.tell('happened', 1);
    await eventually(() => expect(ids).toHaveLength(3));
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
    expect(new Set(ids).size).toBe(1);
    expect(other).toEqual([1]);
    await eventually(async () => {
      expect(await service.redis.exists(service.keys.due('happened'))).toBe(0);
    });
  });

  it('a noted retry is honoured by the instance that takes the entry over', async () => {
    const service = new TestService();
    const attempts: number[] = [];
    const work = (_: unknown, context: Context) => {
      attempts.push(context.getFailedAttempts());
      if (context.getFailedAttempts() === 0) throw new RetryLater(1500);
      return 'done';
    };
    const first = await service.serve({ messages: { work } });
    const client = await service.connected();
    const from = performance.now();
    const call = client.call('work');
    await eventually(async () => {
      expect(await service.redis.hlen(service.keys.due('work'))).toBe(1);
    });
    await service.serve({ messages: { work } });
    await first.close();
    expect(await call).toBe('done');
    expect(performance.now() - from).toBeGreaterThan(1400);
    expect(attempts).toEqual([0, 1]);
  });
});

describe('L19: groups', () => {
  it('a request is deleted when it is settled, an event only acknowledged', async () => {
    const service = new TestService();
    const seen: unknown[] = [];
    const handlers = {
      messages: { work: () => 'answer' },
      events: { work: (n: unknown) => void seen.push(n) },
    };
    await service.serve(handlers);
    const client = await service.connected();
    expect(await client.call('work')).toBe('answer');
    expect(await service.length('work')).toBe(0);
    await client.tell('work', 1);
    await eventually(() => expect(seen).toEqual([1]));
    await eventually(async () => expect(await service.pending('work')).toBe(0));
    expect(await service.length('work')).toBe(1);
  });

  it('a group that only listens leaves requests to the one that answers', async () => {
    const service = new TestService();
    const seen: unknown[] = [];
    await service.serve(
      { events: { work: (n: unknown) => void seen.push(n) } },
      { group: 'audit' },
    );
    await service.serve({ messages: { work: () => 'answer' } });
    const client = await service.connected();
    const answers = await Promise.all(range(20).map(() => client.call('work')));
    expect(new Set(answers)).toEqual(new Set(['answer']));
    await client.tell('work', 'event');
    await eventually(() => expect(seen).toEqual(['event']));
  });

  it('a service that answers begins at 0 for requests, but not for older events', async () => {
    const service = new TestService();
    const client = await service.connected({ whenNoConsumer: 'wait' });
    const first: unknown[] = [];
    await service.serve(
      { events: { work: (n: unknown) => void first.push(n) } },
      { group: 'audit' },
    );
    await client.tell('work', 'old');
    const late: unknown[] = [];
    await service.serve({
      messages: { work: () => 'answer' },
      events: { work: (n: unknown) => void late.push(n) },
    });
    await client.tell('work', 'new');
    await eventually(() => expect(late).toEqual(['new']));
    expect(first).toEqual(['old', 'new']);
    expect(await client.call('work')).toBe('answer');
  });

  it('a lost group is made anew, and nothing is lost with it', async () => {
    const service = new TestService();
    const ran = new Tally();
    await service.serve({ messages: { work: (n: number) => ran.add(n) } }, { leaseTtl: 1000 });
    const client = await service.connected();
    await client.call('work', 0);
    await service.redis.xgroup('DESTROY', service.keys.stream('work'), 'service');
    await Promise.all(range(20).map((n) => client.call('work', n + 1)));
    await service.redis.del(service.keys.stream('work'));
    await Promise.all(range(20).map((n) => client.call('work', n + 21)));
    expect(ran.total).toBe(41);
    expect(ran.repeated).toEqual([]);
  });
});
