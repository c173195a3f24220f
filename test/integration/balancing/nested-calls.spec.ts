import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** What a service offers is made with the client that its handlers call with. */
async function service() {
  const made = new TestService();
  return { service: made, inside: await made.connected(), client: await made.connected() };
}

/** Handlers that wait for a call of another pattern. */
const asks =
  (inside: Caller, pattern: string) =>
  async (n: number): Promise<number> =>
    1 + (await inside.call<number>(pattern, n));

describe('a call made inside a handler', () => {
  it('of the own service does not wait for slots that wait for it: 250 at once, all defaults', async () => {
    const { service: made, inside, client } = await service();
    await made.serve({ messages: { outer: asks(inside, 'inner'), inner: (n: number) => n } });
    const calls = range(250).map((n) => client.call<number>('outer', n));
    expect(await Promise.all(calls)).toEqual(range(250).map((n) => n + 1));
  });

  it('of another service that calls back does neither', async () => {
    const { service: made, inside, client } = await service();
    const options = { concurrency: 20 };
    await made.serve(
      { messages: { a: asks(inside, 'b'), back: (n: number) => n } },
      { ...options, group: 'a' },
    );
    await made.serve({ messages: { b: asks(inside, 'back') } }, { ...options, group: 'b' });
    const calls = range(100).map((n) => client.call<number>('a', n));
    expect(await Promise.all(calls)).toEqual(range(100).map((n) => n + 2));
  });

  it('three deep, on one instance and on two', async () => {
    const { service: made, inside, client } = await service();
    const messages = {
      one: asks(inside, 'two'),
      two: asks(inside, 'three'),
      three: asks(inside, 'four'),
      four: (n: number) => n,
    };
    for (let i = 0; i < 2; i++) {
      await made.serve({ messages }, { concurrency: 5 });
      const calls = range(60).map((n) => client.call<number>('one', n));
      expect(await Promise.all(calls)).toEqual(range(60).map((n) => n + 3));
    }
  });

  it('of the own pattern, behind calls from outside in the same stream', async () => {
    const { service: made, inside, client } = await service();
    const down = async (n: number): Promise<number> =>
      n === 0 ? 0 : 1 + (await inside.call<number>('down', n - 1));
    await made.serve({ messages: { down } }, { concurrency: 4 });
    const calls = range(100).map(() => client.call<number>('down', 3));
    expect(await Promise.all(calls)).toEqual(range(100).map(() => 3));
  });

  it('where inner and outer may run once at a time', async () => {
    const { service: made, inside, client } = await service();
    const outer = asks(inside, 'inner');
    const inner = (n: number) => n;
    await made.serve(
      { messages: { outer: [outer, { concurrency: 1 }], inner: [inner, { concurrency: 1 }] } },
      { concurrency: 1 },
    );
    const calls = range(20).map((n) => client.call<number>('outer', n));
    expect(await Promise.all(calls)).toEqual(range(20).map((n) => n + 1));
  });

  it('in the handler of an event', async () => {
    const { service: made, inside, client } = await service();
    const seen = new Tally();
    const full = new Gate();
    let begun = 0;
    const happened = async (n: number): Promise<void> => {
      if (++begun === 10) full.open();
      await full.opened;
      seen.add(await inside.call<number>('inner', n));
    };
    await made.serve(
      { messages: { inner: (n: number) => n }, events: { happened } },
      { concurrency: 10 },
    );
    await Promise.all(range(60).map((n) => client.tell('happened', n)));
    await eventually(() => expect(seen.counts.size).toBe(60));
    expect(seen.repeated).toEqual([]);
  });

  it('in a lane', async () => {
    const lanes = { lane: ['outer', 'inner'] };
    const made = new TestService();
    const [inside, client] = [await made.connected({ lanes }), await made.connected({ lanes })];
    await made.serve(
      { messages: { outer: asks(inside, 'inner'), inner: (n: number) => n } },
      { lanes, concurrency: 10 },
    );
    const calls = range(100).map((n) => client.call<number>('outer', n));
    expect(await Promise.all(calls)).toEqual(range(100).map((n) => n + 1));
  });
});

describe('the room of calls made inside handlers', () => {
  /** `inner` is held; `outer` calls it. */
  async function held(options: RedisStreamsServerOptions) {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    let running = 0;
    const seen = { most: 0, outer: 0 };
    const inner = async (n: number): Promise<number> => {
      seen.most = Math.max(seen.most, ++running);
      await gate.opened;
      running--;
      return n;
    };
    const outer = async (n: number): Promise<number> => {
      seen.outer++;
      return 1 + (await inside.call<number>('inner', n));
    };
    await made.serve({ messages: { outer, inner } }, options);
    return { service: made, client, inside, gate, seen };
  }

  it('is that of handlers that wait: of another service’s handlers no more run than `concurrency` permits', async () => {
    const made = new TestService();
    const [inside, client] = [await made.connected(), await made.connected()];
    const gate = new Gate();
    let running = 0;
    let most = 0;
    const b = async (): Promise<number> => {
      most = Math.max(most, ++running);
      await gate.opened;
      return running--;
    };
    await made.serve({ messages: { a: () => inside.call('b') } }, { group: 'a' });
    await made.serve({ messages: { b } }, { group: 'b', concurrency: 3 });
    const calls = range(12).map(() => client.call('a'));
    await eventually(async () => expect(await made.length('b')).toBe(12));
    await eventually(() => expect(most).toBe(3));
    gate.open();
    await Promise.all(calls);
    expect(most).toBe(3);
  });

  it('takes in no calls from outside, and hoards none', async () => {
    const { service: made, client, gate, seen } = await held({ concurrency: 5 });
    const calls = range(30).map((n) => client.call<number>('outer', n));
    await eventually(() => expect(seen.most).toBe(5));
    expect(seen.outer).toBe(5);
    expect(await made.pending('outer')).toBe(5);
    expect(await made.pending('inner')).toBe(5);
    gate.open();
    expect(await Promise.all(calls)).toEqual(range(30).map((n) => n + 1));
  });

  it('is given back by handlers that end without waiting', async () => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    let running = 0;
    let most = 0;
    const inner = async (): Promise<number> => {
      most = Math.max(most, ++running);
      await gate.opened;
      return running--;
    };
    const forgotten: Promise<unknown>[] = [];
    const forget = (): number => forgotten.push(inside.call('inner'));
    await made.serve({ messages: { forget, inner } }, { concurrency: 2 });
    await Promise.all(range(2).map(() => client.call('forget')));
    await eventually(() => expect(running).toBe(2));
    const more = range(4).map(() => client.call('inner'));
    await eventually(async () => expect(await made.length('inner')).toBe(6));
    gate.open();
    await Promise.all([...forgotten, ...more]);
    expect(most).toBe(2);
  });
});

describe('a call made inside a handler, behind more calls from outside than can wait', () => {
  it('is reached: those in its way are refused, certainly not run', async () => {
    const { service: made, inside, client } = await service();
    const down = async (n: number): Promise<number> =>
      n === 0 ? 0 : 1 + (await inside.call<number>('down', n - 1));
    const waiting = await made.connected({ whenNoConsumer: 'wait' });
    const calls = range(1300).map(() => waiting.call<number>('down', 1));
    await eventually(async () => expect(await made.length('down')).toBe(1300));
    await made.serve({ messages: { down } }, { concurrency: 2 });
    const ends = await Promise.allSettled(calls);
    const refused = ends
      .filter((end) => end.status === 'rejected')
      .map(({ reason }) => reason as unknown);
    for (const reason of refused) {
      expect(reason).toMatchObject({ code: 'OVERLOADED', outcome: 'not-run', retryable: true });
    }
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(1300);
    expect(await client.call('down', 2)).toBe(2);
  });
});
