import { callerId, requestLine } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

/** What the callers have; the services know the lane for `b` only. */
const theirs = { L: ['a', 'b'] };
const lanes = { L: ['b'] };
const b = () => 'b';

/** Commands that Redis has run so far, for whomever: only a server of the test's own says something. */
async function commands(service: TestService): Promise<number> {
  const [, count] = /total_commands_processed:(\d+)/.exec(await service.redis.info('stats'))!;
  return Number(count);
}

describe('an entry in a stream that is not its pattern’s', () => {
  it('a request is run at once, by the instance that reads it', async () => {
    const redis = await startPrivateRedis();
    onTestFinished(() => redis.stop());
    const service = new TestService({ url: redis.url });
    const a = (n: number) => n;
    await service.serve({ messages: { a, b } }, { lanes });
    await service.serve({ messages: { a, b } }, { lanes });
    const client = await service.connected({ lanes: theirs });
    const before = await commands(service);
    expect(await Promise.all(range(40).map((n) => client.call('a', n)))).toEqual(range(40));
    expect((await commands(service)) - before).toBeLessThan(5000);
    expect(await service.length('L')).toBe(0);
    expect(await client.call('b')).toBe('b');
  });

  it('an event is run once, and another one without a handler is left alone', async () => {
    const service = new TestService();
    const seen = new Tally();
    const happened = (n: number) => void seen.add(n);
    await service.serve({ messages: { b }, events: { happened } }, { lanes });
    await service.serve({ messages: { b }, events: { happened } }, { lanes });
    const client = await service.connected({ lanes: { L: ['b', 'happened', 'other'] } });
    await Promise.all(range(20).map((n) => client.tell('happened', n)));
    await client.tell('other');
    await eventually(() => expect(seen.total).toBe(20));
    expect(seen.repeated).toEqual([]);
    await eventually(async () => expect(await service.pending('L')).toBe(0));
  });

  it('counts towards the bound of its pattern, wherever its entries come from', async () => {
    const service = new TestService();
    const gate = new Gate();
    let most = 0;
    let running = 0;
    const a = async () => {
      most = Math.max(most, ++running);
      await gate.opened;
      running--;
      return 'a';
    };
    await service.serve({ messages: { a: [a, { concurrency: 1 }], b } }, { lanes });
    const [here, there] = [await service.connected({ lanes: theirs }), await service.connected()];
    const calls = range(6).map((n) => (n % 2 === 0 ? here : there).call('a'));
    await eventually(() => expect(running).toBe(1));
    expect(await here.call('b')).toBe('b');
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(6).map(() => 'a'));
    expect(most).toBe(1);
  });

  it('runs under its idempotency key once, also beside one in the stream of its pattern', async () => {
    const service = new TestService();
    const gate = new Gate();
    let runs = 0;
    const a = async () => {
      runs++;
      await gate.opened;
      return runs;
    };
    await service.serve({ messages: { a, b } }, { lanes });
    const clients = [await service.connected({ lanes: theirs }), await service.connected()];
    const call = (i: number) => clients[i]!.call('a', 1, { idempotencyKey: 'k' });
    const first = call(0);
    await eventually(() => expect(runs).toBe(1));
    const second = call(1);
    await eventually(async () => expect(await service.pending('a')).toBe(1));
    gate.open();
    expect(await Promise.all([first, second, call(1), call(0)])).toEqual([1, 1, 1, 1]);
  });

  it('a request that only a member elsewhere could run is refused at once: certainly not run', async () => {
    const service = new TestService();
    const a = vi.fn();
    await service.serve({ messages: { b } }, { lanes });
    // It has a handler, and never looks into the lane.
    await service.serve({ messages: { a } });
    const client = await service.connected({ lanes: theirs });
    expect(await client.failure('a')).toMatchObject({ code: 'NO_HANDLER', outcome: 'not-run' });
    expect(a).not.toHaveBeenCalled();
    expect(await service.length('L')).toBe(0);
  });

  it('a request that is too late is not handed on', async () => {
    const service = new TestService();
    const caller = callerId();
    const stream = service.keys.stream('L');
    await service.redis.xadd(
      stream,
      '5-0',
      'c',
      requestLine(caller, '1', 1000),
      'd',
      '1',
      'p',
      'a',
    );
    const a = vi.fn();
    await service.serve({ messages: { a, b } }, { lanes: theirs, concurrency: 1 });
    await service.serve({ messages: { b } }, { lanes });
    await eventually(async () => {
      const [, frame] = (await service.redis.xrange(service.keys.log(caller), '-', '+'))[0]!;
      expect(frame[1]).toContain('TIMEOUT');
    });
    expect(a).not.toHaveBeenCalled();
    expect(await service.length('L')).toBe(0);
  });
});
