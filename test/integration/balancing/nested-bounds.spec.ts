import { eventually } from '../../../tools/wait.js';
import type { Caller } from '../../support/caller.js';
import { Gate } from '../../support/gate.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

// G21: handlers with a `concurrency` of their own that call themselves, directly or through others.

async function service() {
  const made = new TestService();
  return { service: made, inside: await made.connected(), client: await made.connected() };
}

const own = (concurrency: number) => ({ concurrency });

/** Calls itself until it is at 0. */
const downTo0 = (inside: Caller) => {
  const down = async (n: number): Promise<number> =>
    n === 0 ? 0 : 1 + (await inside.call<number>('down', n - 1));
  return down;
};

describe('a handler with a bound of its own', () => {
  it.each([1, 2])(
    'that calls itself does not wait for itself: on %s instances',
    async (instances) => {
      const { service: made, inside, client } = await service();
      for (let i = 0; i < instances; i++) {
        await made.serve({ messages: { down: [downTo0(inside), own(1)] } });
      }
      const calls = range(30).map(() => client.call<number>('down', 3, { timeout: 15_000 }));
      expect(await Promise.all(calls)).toEqual(range(30).map(() => 3));
    },
  );

  it.each([
    ['of one service', ['service', 'service']],
    ['of two', ['a', 'b']],
  ])('that calls another which calls back does not wait for itself: %s', async (_, groups) => {
    const { service: made, inside, client } = await service();
    const a = async (n: number): Promise<number> =>
      n === 0 ? 0 : 1 + (await inside.call<number>('b', n));
    const b = async (n: number): Promise<number> => 1 + (await inside.call<number>('a', n - 1));
    const messages = { a: [a, own(1)] as const, b: [b, own(1)] as const };
    const [first, second] = groups;
    if (first === second) await made.serve({ messages });
    else {
      await made.serve({ messages: { a: messages.a } }, { group: first });
      await made.serve({ messages: { b: messages.b } }, { group: second });
    }
    // Both ways at once: each holds what the other one wants.
    const calls = range(20).map((n) =>
      client.call<number>(n % 2 ? 'a' : 'b', 2, { timeout: 15_000 }),
    );
    expect(await Promise.all(calls)).toEqual(range(20).map((n) => (n % 2 ? 4 : 3)));
  });

  it('in a lane, where what it calls stands after calls of its own', async () => {
    const lanes = { lane: ['outer', 'inner'] };
    const made = new TestService();
    const [inside, client] = [await made.connected({ lanes }), await made.connected({ lanes })];
    const outer = async (n: number): Promise<number> => 1 + (await inside.call<number>('inner', n));
    await made.serve({ messages: { outer: [outer, own(1)], inner: (n: number) => n } }, { lanes });
    const calls = range(300).map((n) => client.call<number>('outer', n, { timeout: 25_000 }));
    expect(await Promise.all(calls)).toEqual(range(300).map((n) => n + 1));
  });

  it('never runs more often at once without waiting, and only for deeper calls meanwhile', async () => {
    const { service: made, inside, client } = await service();
    const gate = new Gate();
    const begun: string[] = [];
    const work = async (name: string): Promise<string> => {
      begun.push(name);
      if (name === 'outer') return inside.call<string>('work', 'inner');
      await gate.opened;
      return name;
    };
    await made.serve({ messages: { work: [work, own(1)], ping: () => 'pong' } });
    const calls = [client.call<string>('work', 'outer')];
    await eventually(() => expect(begun).toEqual(['outer', 'inner']));
    calls.push(...range(5).map((n) => client.call<string>('work', `other ${n}`)));
    await eventually(async () => expect(await made.length('work')).toBe(7));
    for (let i = 0; i < 5; i++) await client.call('ping');
    expect(begun).toEqual(['outer', 'inner']);
    gate.open();
    expect(await Promise.all(calls)).toEqual(['inner', ...range(5).map((n) => `other ${n}`)]);
  });
});

/** How the call of a handler ended that was made behind what cannot get out of its way. */
const ended = async (inside: Caller, pattern: string): Promise<unknown> => {
  const failure = (await inside.failure(pattern, 1)) as { code: string; outcome: string };
  return { code: failure.code, outcome: failure.outcome };
};

const REFUSED = { code: 'OVERLOADED', outcome: 'not-run' };

describe('a call made inside a handler, behind more entries than can wait', () => {
  it('is refused where those are events, certainly not run, and the service goes on', async () => {
    const lanes = { lane: ['happened', 'inner'] };
    const made = new TestService();
    const [inside, client] = [await made.connected({ lanes }), await made.connected({ lanes })];
    const gate = new Gate();
    const heard = new Tally();
    let ran = 0;
    const outer = async (): Promise<unknown> => {
      await gate.opened;
      return ended(inside, 'inner');
    };
    await made.serve(
      {
        messages: { outer, inner: () => ran++ },
        events: { happened: (n: number) => void heard.add(n) },
      },
      { lanes, concurrency: 1 },
    );
    const call = client.call('outer', {}, { timeout: 15_000 });
    await eventually(async () => expect(await made.pending('outer')).toBe(1));
    await Promise.all(range(1100).map((n) => client.tell('happened', n)));
    gate.open();
    expect(await call).toEqual(REFUSED);
    await eventually(() => expect(heard.total).toBe(1100));
    expect([heard.repeated, ran]).toEqual([[], 0]);
    expect(await client.call('inner')).toBe(0);
  });

  it('is refused where those wait for the place of its own handler', async () => {
    const lanes = { lane: ['outer', 'inner'] };
    const made = new TestService();
    const [inside, client] = [await made.connected({ lanes }), await made.connected({ lanes })];
    const gate = new Gate();
    const outer = async (n: number): Promise<unknown> => {
      if (n > 0) return n;
      await gate.opened;
      return ended(inside, 'inner');
    };
    await made.serve({ messages: { outer: [outer, own(1)], inner: (n: number) => n } }, { lanes });
    const first = client.call('outer', 0, { timeout: 15_000 });
    await eventually(async () => expect(await made.pending('lane')).toBe(1));
    const others = range(1100).map((n) => client.call('outer', n + 1, { timeout: 15_000 }));
    await eventually(async () => expect(await made.length('lane')).toBe(1101));
    gate.open();
    expect(await first).toEqual(REFUSED);
    expect(await Promise.all(others)).toEqual(range(1100).map((n) => n + 1));
  });
});
