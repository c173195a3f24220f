import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import type { Handlers } from '../../support/handlers.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** Holds what runs until it is told to go on, and notes what it runs. */
class Held {
  readonly begun: unknown[] = [];
  most = 0;
  private running = 0;
  private readonly gates: Gate[] = [];

  readonly handler = async (key: unknown): Promise<unknown> => {
    this.begun.push(key);
    this.most = Math.max(this.most, ++this.running);
    const gate = new Gate();
    this.gates.push(gate);
    await gate.opened;
    this.running--;
    return key;
  };

  /** The oldest that runs ends. */
  letOneGo(): void {
    this.gates.shift()?.open();
  }
}

/** Two instances whose handlers of `job` are held; `serve` makes the handlers of one. */
async function pair(service: TestService, serve: (held: Held) => Handlers, lanes = {}) {
  const both = [new Held(), new Held()] as const;
  for (const held of both) await service.serve(serve(held), { lanes });
  return both;
}

/** Lets one go wherever one runs, until `count` have run: instances that are equally fast. */
async function finish(both: readonly [Held, Held], count: number): Promise<void> {
  for (let seen = 0; ; seen++) {
    const total = () => both[0].begun.length + both[1].begun.length;
    const wanted = Math.min(count, 2 * (seen + 1));
    await eventually(() => expect(total()).toBeGreaterThanOrEqual(wanted));
    for (const held of both) held.letOneGo();
    if (wanted === count) break;
  }
}

/** Lets one go wherever one runs, until all calls have ended; one that fails is what a test reports. */
async function letAllGo(both: readonly [Held, Held], all: Promise<unknown>): Promise<void> {
  let open = true;
  const ended = all.finally(() => (open = false));
  ended.catch(() => {});
  await eventually(() => {
    for (const held of both) held.letOneGo();
    expect(open).toBe(false);
  });
  await ended;
}

describe('a handler with a bound of its own', () => {
  it('leaves what it cannot start to the other instances: calls', async () => {
    const service = new TestService();
    const both = await pair(service, ({ handler }) => ({
      messages: { job: [handler, { concurrency: 1 }] },
    }));
    const client = await service.connected();
    const calls = range(40).map((key) => client.call('job', key));
    await eventually(() => expect(both.map(({ begun }) => begun.length)).toEqual([1, 1]));
    // What is pending runs: nothing is hoarded.
    expect(await service.pending('job')).toBe(2);
    await finish(both, 40);
    expect(await Promise.all(calls)).toEqual(range(40));
    expect(both.map(({ begun }) => begun.length)).toEqual([20, 20]);
    expect(both.map(({ most }) => most)).toEqual([1, 1]);
  });

  it('leaves what it cannot start to the other instances: events', async () => {
    const service = new TestService();
    const both = await pair(service, ({ handler }) => ({
      events: { job: [handler, { concurrency: 1 }] },
    }));
    const client = await service.connected();
    await Promise.all(range(40).map((key) => client.tell('job', key)));
    await finish(both, 40);
    await eventually(async () => expect(await service.pending('job')).toBe(0));
    expect(both.map(({ begun }) => begun.length)).toEqual([20, 20]);
  });

  it('does so beside handlers without one, which are read as much as ever', async () => {
    const service = new TestService();
    const both = await pair(service, ({ handler }) => ({
      messages: {
        job: [handler, { concurrency: 1 }],
        few: [(key: unknown) => handler(key), { concurrency: 3 }],
        ping: () => 1,
      },
    }));
    const client = await service.connected();
    const jobs = range(20).map((key) => client.call('job', key));
    const few = range(20).map((key) => client.call('few', key));
    const pings = range(500).map(() => client.call('ping'));
    expect(await Promise.all(pings)).toHaveLength(500);
    await eventually(() => expect(both.map(({ most }) => most)).toEqual([4, 4]));
    expect(await service.pending('job')).toBe(2);
    expect(await service.pending('few')).toBe(6);
    // Those that are held do not keep new calls of others from being heard.
    for (let i = 0; i < 5; i++) expect(await client.call('ping')).toBe(1);
    const all = Promise.all([...jobs, ...few]);
    await letAllGo(both, all);
    expect(both.map(({ most }) => most)).toEqual([4, 4]);
  });

  it('is read one by one in a lane, so that other instances get theirs', async () => {
    const service = new TestService();
    const lanes = { lane: ['job', 'ping'] };
    const both = await pair(
      service,
      ({ handler }) => ({ messages: { job: [handler, { concurrency: 1 }], ping: () => 1 } }),
      lanes,
    );
    const client = await service.connected({ lanes });
    const jobs = range(40).map((key) => client.call('job', key));
    // It is behind all of them in the lane, and does not wait for them.
    expect(await client.call('ping')).toBe(1);
    await letAllGo(both, Promise.all(jobs));
    for (const { begun, most } of both) {
      expect(begun.length).toBeGreaterThanOrEqual(8);
      expect(most).toBe(1);
    }
  });

  it('takes over from an instance that left what it can start, and the others the rest', async () => {
    const service = new TestService();
    const gone = new Held();
    const handlers = ({ handler }: Held): Handlers => ({
      messages: { job: [handler, { concurrency: 4 }], ping: () => 1 },
    });
    const first = await service.serve(handlers(gone), { drainTimeout: 0 });
    const client = await service.connected();
    const calls = range(4).map((key) => client.call('job', key));
    await eventually(() => expect(gone.begun).toHaveLength(4));
    const both = [new Held(), new Held()] as const;
    for (const { handler } of both) {
      await service.serve({ messages: { job: [handler, { concurrency: 2 }], ping: () => 1 } });
    }
    await first.close();
    await eventually(() => expect(both.map(({ begun }) => begun.length)).toEqual([2, 2]));
    for (let i = 0; i < 5; i++) expect(await client.call('ping')).toBe(1);
    for (const held of [...both, ...both]) held.letOneGo();
    expect(await Promise.all(calls)).toEqual(range(4));
  });
});
