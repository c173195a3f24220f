import {
  CommandFailure,
  toFailure,
} from '../../../libs/redis-stream-transport/src/redis/failure.js';
import { LeaseBroker } from '../../../libs/redis-stream-transport/src/redis/lease-broker.js';
import { StartBroker } from '../../../libs/redis-stream-transport/src/redis/start-broker.js';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { TestBrokers, callerId, requestLine } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

// Rows B, C and D of docs/faults.md that no other file is about.

async function own(args: string[] = []) {
  const redis = await startPrivateRedis({ args });
  onTestFinished(() => redis.stop());
  return new TestService({ url: redis.url });
}

/** What is logged from now on, at one level. */
function listeningTo(level: 'warn' | 'error'): string[] {
  const lines: string[] = [];
  const nothing = (): void => {};
  const loggers = { log: nothing, error: nothing, warn: nothing };
  Logger.overrideLogger({ ...loggers, [level]: (line: string) => void lines.push(line) });
  onTestFinished(() => Logger.overrideLogger(false));
  return lines;
}

describe('B5 an operator', () => {
  it('deletes an entry that waits: its call is noticed, sent again and answered', async () => {
    const service = new TestService();
    const gate = new Gate();
    const ran = new Tally();
    const work = async (key: string) => {
      ran.add(key);
      await gate.opened;
      return key;
    };
    await service.serve({ messages: { work } }, { concurrency: 1 });
    const client = await service.connected();
    const first = client.call('work', 'first');
    await eventually(() => expect(ran.total).toBe(1));
    const second = client.call('work', 'second');
    await eventually(async () => expect(await service.length('work')).toBe(2));
    const [, [id]] = (await service.redis.xrange(
      service.keys.stream('work'),
      '-',
      '+',
    )) as never as [unknown, [string]];
    await service.redis.xdel(service.keys.stream('work'), id);
    gate.open();
    expect(await first).toBe('first');
    expect(await second).toBe('second');
    expect(ran.repeated).toEqual([]);
    await eventually(async () => expect(await service.pending('work')).toBe(0));
  });

  it('deletes a consumer: its requests are found without an owner, and adopted', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group().ensureGroup('a', 'r', false);
    const broker = new StartBroker(brokers.link, brokers.keys, () => 'service');
    const me = await brokers.owner('me');
    for (const [call, timeout] of [
      ['1', 600_000],
      ['2', 600_000],
      ['3', 1],
    ] as const) {
      await brokers.add('a', requestLine(callerId(), call, timeout));
    }
    await brokers.add('a');
    const [first, second] = await brokers.hand('a', 'gone');
    const unread = await brokers.add('a', requestLine(callerId()));
    expect(await broker.orphans('a', '', 10)).toEqual({ ids: [], next: '' });
    await brokers.redis.xgroup('DELCONSUMER', brokers.keys.stream('a'), 'service', 'gone');
    // What has expired, events, and what was not handed out are nobody's business here.
    await eventually(async () =>
      expect(await broker.orphans('a', '', 10)).toEqual({ ids: [first, second], next: '' }),
    );
    expect((await broker.orphans('a', '', 1)).next).toBe(first);
    await brokers.redis.hset(brokers.keys.started('a'), `service ${second}`, 'someone');
    await broker.adopt({ ...me, token: 'another' }, 'a', [first!]);
    expect(await brokers.pendingEntries('a')).toEqual([]);
    await broker.adopt(me, 'a', [first!, second!, '1-1']);
    expect(await brokers.pendingEntries('a')).toEqual([[first, 'me', 2]]);
    expect(await brokers.ids('a')).toContain(unread);
  });
});

describe('B7 a policy that evicts', () => {
  it('is warned of loudly at the start', async () => {
    const service = await own(['--maxmemory-policy', 'allkeys-lru']);
    const lines = listeningTo('warn');
    await service.serve({ messages: { work: () => 1 } });
    await eventually(() => expect(lines.join('\n')).toMatch(/allkeys-lru.*noeviction/));
  });

  it('is refused by a service that requires that nothing is evicted, and leaves no key', async () => {
    const service = await own(['--maxmemory-policy', 'volatile-ttl']);
    const strict = { requireNoEviction: true };
    await expect(service.serve({ messages: { work: () => 1 } }, strict)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('volatile-ttl') as string,
    });
    expect(await service.redis.keys('*')).not.toContain(service.keys.members('service'));
    await service.redis.config('SET', 'maxmemory-policy', 'noeviction');
    await service.serve({ messages: { work: () => 1 } }, strict);
    expect(await (await service.connected()).call('work')).toBe(1);
  });

  it('that cannot be read is a warning, whether it is required or not', async () => {
    const service = await own();
    vi.spyOn(LeaseBroker.prototype, 'evictionPolicy').mockResolvedValue(undefined);
    onTestFinished(() => void vi.restoreAllMocks());
    const lines = listeningTo('warn');
    await service.serve({ messages: { work: () => 1 } }, { requireNoEviction: true });
    expect(lines.join('\n')).toMatch(/cannot be read.*noeviction/);
  });
});

describe('B8 a server that says "not now"', () => {
  it.each(['LOADING', 'BUSY', 'MASTERDOWN', 'MISCONF', 'NOREPLICAS', 'READONLY', 'TRYAGAIN'])(
    '%s is repeated, other refusals are not',
    (reply) => {
      const error = Object.assign(new Error(`${reply} try later`), { name: 'ReplyError' });
      expect(toFailure(error)).toMatchObject({ kind: 'refused', reply, passing: true });
      expect(new CommandFailure('refused', 'NOPERM', 'x').passing).toBe(false);
      expect(new CommandFailure('refused', 'WRONGTYPE', 'x').passing).toBe(false);
    },
  );

  it('without the replicas it wants: calls wait within their deadline, and go on', async () => {
    const service = await own();
    const ran = new Tally();
    await service.serve({ messages: { work: (key: unknown) => ran.add(key) } });
    const client = await service.connected();
    await client.call('work', 'before');
    await service.redis.config('SET', 'min-replicas-to-write', '1');
    const hasty = client.failure('work', 'hasty', { timeout: 500 });
    const patient = client.call('work', 'patient');
    expect(await hasty).toMatchObject({ code: expect.stringMatching(/TIMEOUT|REDIS/) });
    await service.redis.config('SET', 'min-replicas-to-write', '0');
    expect(await patient).toBe('patient');
    expect(ran.repeated).toEqual([]);
    expect(ran.counts.has('hasty')).toBe(false);
  });

  it('busy with a script of another client: calls wait, and each runs once', async () => {
    const service = await own(['--busy-reply-threshold', '50']);
    const ran = new Tally();
    await service.serve({ messages: { work: (key: unknown) => ran.add(key) } });
    const client = await service.connected();
    await client.call('work', 'before');
    const other = service.redis.duplicate();
    other.on('error', () => {});
    onTestFinished(() => other.disconnect());
    await other.ping();
    const endless = service.redis
      .eval('while true do end', 0)
      .catch((error: Error) => error.message);
    await eventually(async () => {
      await expect(other.ping()).rejects.toThrow('BUSY');
    });
    const heard = listeningTo('warn');
    const calls = range(50).map((key) => client.call('work', key));
    // They were refused, and are sent again.
    await eventually(() => expect(heard.join('\n')).toContain('BUSY'));
    await other.call('SCRIPT', 'KILL');
    expect(await endless).toMatch(/kill/i);
    expect(await Promise.all(calls)).toEqual(range(50));
    expect(ran.repeated).toEqual([]);
  });
});

describe('B12 a key of a wrong type under our names', () => {
  it('fails its own calls, loudly; other services go on, and this one does when it is gone', async () => {
    const service = new TestService();
    const lines = listeningTo('error');
    await service.serve({ messages: { good: () => 'fine', bad: () => 'fine' } });
    await service.serve({ messages: { other: () => 'fine' } }, { group: 'other' });
    const client = await service.connected();
    expect(await client.call('bad')).toBe('fine');
    await service.redis.set(service.keys.stream('bad'), 'x');
    const [failure, answer] = await Promise.all([client.failure('bad'), client.call('other')]);
    expect(failure).toMatchObject({ code: 'REDIS', outcome: 'not-run', pattern: 'bad' });
    expect(answer).toBe('fine');
    await eventually(() => expect(lines.join('\n')).toMatch(/stream bad.*WRONGTYPE/));
    await service.redis.del(service.keys.stream('bad'));
    await eventually(async () => expect(await client.call('bad')).toBe('fine'));
    expect(await client.call('good')).toBe('fine');
  });
});

describe('C5 a Cluster', () => {
  it('of one node: no script leaves its slot, in one shard or in several', async () => {
    const { redis, url } = await own(['--cluster-enabled', 'yes']);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () =>
      expect(await redis.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'),
    );
    for (const shards of [1, 3]) {
      const service = new TestService({ url });
      const options = { shards };
      const events = new Tally();
      const name = (i: number): string => `s${shards}.p${i}`;
      const server = await service.serve(
        {
          messages: Object.fromEntries(range(6).map((i) => [name(i), (n: number) => n + i])),
          events: { [`s${shards}.e`]: (n: number) => void events.add(n) },
        },
        options,
      );
      const client = await service.connected(options);
      const calls = range(60).map((n) => client.call(name(n % 6), n));
      expect(await Promise.all(calls)).toEqual(range(60).map((n) => n + (n % 6)));
      await client.call(name(0), 1, { idempotencyKey: 'k', atMostOnce: true });
      await client.tell(`s${shards}.e`, 1);
      await eventually(() => expect(events.total).toBe(1));
      await server.close();
      await client.close();
    }
  });
});

describe('D5 X14 consumers', () => {
  it('do not pile up over 1,000 restarts', async () => {
    const service = new TestService();
    const names = new Set<string>();
    const work = (_: unknown, context: { getConsumer(): string }) => {
      names.add(context.getConsumer());
      return 1;
    };
    const client = await service.connected();
    for (let restart = 0; restart < 1000; restart++) {
      const server = await service.serve({ messages: { work } });
      if (restart % 100 === 0) await client.call('work');
      await server.close();
    }
    await service.serve({ messages: { work } });
    await client.call('work');
    expect(names.size).toBe(11);
    await eventually(async () =>
      expect((await service.consumers('work')).length).toBeLessThanOrEqual(6),
    );
    expect(await service.redis.zcard(service.keys.members('service'))).toBe(1);
  }, 120_000);
});

describe('D8 F4 a stream that was busy', () => {
  it('takes no memory when it is drained, and each of its calls was answered', async () => {
    const service = new TestService();
    await service.serve({ messages: { work: (n: number) => n } });
    const client = await service.connected();
    for (let round = 0; round < 10; round++) {
      const calls = range(2000).map((n) => client.call<number>('work', n));
      expect(await Promise.all(calls)).toEqual(range(2000));
    }
    expect(await service.length('work')).toBe(0);
    const used = await service.redis.memory('USAGE', service.keys.stream('work'));
    expect(used).toBeLessThan(1_048_576);
  }, 60_000);
});
