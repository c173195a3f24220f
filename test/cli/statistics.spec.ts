import { DeadLetter, RetryLater, type RedisStreamsContext } from 'nestjs-redis-streams';
import { patternStatistics, pausePattern, readStatistics } from 'nestjs-redis-streams/operate';
import { statisticsIn } from '../../libs/redis-stream-transport/src/operate/instance-statistics.js';
import { concat, NEVER, of } from 'rxjs';
import { eventually } from '../../tools/wait.js';
import { command } from '../contracts/command.js';
import { range } from '../support/tally.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';

/** A service without a contract, whose handlers end in every way. */
function handlers(held = new Gate()) {
  const fail = () => {
    throw new Error('no');
  };
  const later = () => {
    throw new RetryLater(600_000);
  };
  const give = () => {
    throw new DeadLetter('never');
  };
  return {
    messages: {
      quick: (data: unknown) => data,
      slow: () => held.opened,
      fail,
      give,
      streamed: () => concat(of(1), NEVER),
      stopped: (_data: unknown, { signal }: RedisStreamsContext) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('no')))),
    },
    events: { told: () => undefined, later },
  };
}

/** An instance answers twice a second at most, so what it said this lately is not asked for again while one waits. */
const LATELY = 600;
/** Milliseconds, for what an instance does after it has waited for a handler that does not stop (5 s). */
const LONG = 25_000;

const statistics = (service: TestService, fresh = 0) =>
  readStatistics(service.address, { fresh, patience: 2000 });

/** What all instances have said since this began, however late they are. */
const saidByAll = (service: TestService, instances: number) =>
  eventually(async () => {
    const said = await statistics(service);
    expect(said.instances).toHaveLength(instances);
    return said;
  }, LONG);

const byPattern = async (service: TestService) =>
  new Map(patternStatistics(await statistics(service, LATELY)).map((one) => [one.pattern, one]));

describe('what instances have done', () => {
  it('is counted by pattern and result, without a contract, in several shards', async () => {
    const service = new TestService();
    const held = new Gate();
    onTestFinished(() => held.open());
    await service.serve(handlers(held), { shards: 3, drainTimeout: 0 });
    const client = await service.connected({ shards: 3 });
    for (const n of range(5)) await client.call('quick', n);
    for (const pattern of ['fail', 'give']) await client.failure(pattern);
    await client.failure('slow', 1, { timeout: 1500 });
    client.call('slow').catch(() => undefined);
    for (const pattern of ['told', 'later']) await client.tell(pattern);
    await eventually(async () => {
      const found = await byPattern(service);
      expect(found.get('quick')).toMatchObject({ ended: 5, errors: 0, retries: 0, running: 0 });
      expect(found.get('fail')).toMatchObject({ ended: 1, errors: 1, dead: 0 });
      expect(found.get('give')).toMatchObject({ ended: 1, errors: 1, dead: 1 });
      expect(found.get('slow')).toMatchObject({ ended: 1, errors: 1, running: 1 });
      expect(found.get('told')).toMatchObject({ ended: 1, errors: 0 });
      expect(found.get('later')).toMatchObject({ ended: 0, retries: 1 });
      expect(found.get('slow')?.p50).toBeGreaterThan(500);
      expect(found.get('quick')?.p99).toBeLessThan(500);
    }, LONG);
  });

  it('counts what was cancelled, or refused while paused, as neither done nor an error', async () => {
    const service = new TestService();
    await service.serve(handlers());
    const client = await service.connected();
    const controller = new AbortController();
    const cancelled = client.failure('stopped', 1, controller);
    const streamed = client.send('streamed', {}).subscribe();
    await eventually(async () => {
      const found = await byPattern(service);
      for (const one of ['stopped', 'streamed']) expect(found.get(one)?.running).toBe(1);
    });
    controller.abort();
    streamed.unsubscribe();
    expect(await cancelled).toMatchObject({ code: 'CANCELLED' });
    await pausePattern(service.address, { pattern: 'quick', refuse: true });
    for (const _ of range(3))
      expect(await client.failure('quick')).toMatchObject({ code: 'PAUSED' });
    await client.failure('fail');
    await eventually(async () => {
      const found = await byPattern(service);
      const none = { errors: 0, paused: 0, cancelled: 0 };
      for (const one of ['stopped', 'streamed']) {
        expect({ one, ...found.get(one) }).toMatchObject({ one, ...none, ended: 1, cancelled: 1 });
      }
      expect(found.get('quick')).toMatchObject({ ...none, ended: 3, paused: 3 });
      expect(found.get('fail')).toMatchObject({ ...none, ended: 1, errors: 1 });
    });
    const { out } = await command('stats', '--prefix', service.prefix);
    expect(out).toMatch(
      /^pattern +service +ended +errors +paused +cancelled +retries +runs +p50 +p99$/m,
    );
    expect(out).toMatch(/^quick +service +3 +0 +3 +0 +0 +0 /m);
    expect(out).toMatch(/^stopped +service +1 +0 +0 +1 +0 +0 /m);
  });

  it('is summed over instances, and since an earlier look', async () => {
    const service = new TestService();
    for (const _ of range(2)) await service.serve(handlers());
    const client = await service.connected();
    await Promise.all(range(20).map((n) => client.call('quick', n)));
    const first = await saidByAll(service, 2);
    expect(patternStatistics(first)).toMatchObject([{ service: 'service', ended: 20 }]);
    await client.call('quick');
    await client.failure('fail');
    await eventually(async () => {
      const since = patternStatistics(await statistics(service, LATELY), first);
      expect(since.toSorted((one, other) => (one.pattern < other.pattern ? -1 : 1))).toMatchObject([
        { pattern: 'fail', ended: 1, errors: 1, p99: expect.any(Number) },
        { pattern: 'quick', ended: 1, errors: 0, over: expect.any(Number) },
      ]);
    });
  });

  it('of an instance that nobody saw before counts only if it is new', () => {
    const said = (consumer: string, up: number) => {
      const row = ['quick', 0, 0, 7, 0, 0, 0, 0, 0, [[50, 7]]];
      const text = JSON.stringify({ at: 10_000, up, running: 0, waiting: 0, patterns: [row] });
      return statisticsIn(text, { service: 'service', consumer })!;
    };
    const before = { instances: [{ ...said('a', 1000), at: 5000, patterns: [] }], silent: [] };
    const endedOf = (...instances: ReturnType<typeof said>[]) =>
      patternStatistics({ instances, silent: [] }, before).map(({ ended, over }) => [ended, over]);
    expect(endedOf(said('a', 6000))).toEqual([[7, 5000]]);
    expect(endedOf(said('new', 4000))).toEqual([[7, 4000]]);
    expect(endedOf(said('old', 9000))).toEqual([]);
  });

  it('is asked for once, whoever looks, and of those who live only', async () => {
    const service = new TestService();
    await service.serve(handlers());
    const client = await service.connected();
    await client.call('quick');
    const key = service.keys.statistics('service');
    const [one] = (await saidByAll(service, 1)).instances;
    await Promise.all(range(3).map(() => statistics(service, 60_000)));
    expect(await service.redis.hvals(key)).toEqual([
      expect.stringContaining(`"at":${one?.at ?? 0},`),
    ]);
    expect(await service.redis.pttl(key)).toBeGreaterThan(1000);
    const inAMinute = Date.now() + 60_000;
    await service.redis.zadd(service.keys.members('service'), inAMinute, 'mute-1-aaaaaaaaaaaa');
    const { instances, silent } = await readStatistics(service.address, { fresh: 60_000 });
    expect(instances).toHaveLength(1);
    expect(silent).toEqual(['mute-1-aaaaaaaaaaaa']);
    const { out, err } = await command('stats', '--prefix', service.prefix);
    expect(out).toMatch(/^quick +service +1 +0 +0 +0 +\S+ \S+ +\S+ \S+$/m);
    expect(err).toContain('1 instance did not answer: mute-1');
  });
});
