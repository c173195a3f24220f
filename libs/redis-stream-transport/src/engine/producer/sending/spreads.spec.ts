import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { shardOf } from '../../../protocol/keys.js';
import type { Call } from '../call.js';
import type { CallRequest } from '../call-request.js';
import { Spreads } from './spreads.js';

const SHARDS = 6;

function setup() {
  const clock = new FakeClock();
  const down = new Set<number>();
  const sent: Call[] = [];
  const spreads = new Spreads({
    shards: SHARDS,
    clock,
    isUp: (stream) => !down.has(shardOf(stream, SHARDS)),
    send: (call) => void sent.push(call),
  });
  const call = (changes: Partial<CallRequest> = {}) => {
    const request = { pattern: 'x', stream: 'x', namePattern: false, grace: 2000, ...changes };
    const now = clock.now();
    const times = { startedAt: now, expiresAt: now + 1000 };
    const made = { request, ...times, tainted: false, recalled: vi.fn() };
    return made as unknown as Call;
  };
  const routed = (changes?: Partial<CallRequest>) => {
    const made = call(changes);
    spreads.route(made);
    return made.request;
  };
  /** The shards of so many calls, with so many milliseconds between one and the next. */
  const turns = (calls: number, pause = 4) =>
    Array.from({ length: calls }, () => {
      clock.pass(pause);
      return shardOf(routed().stream, SHARDS);
    });
  const noted = (spread: number | undefined, pattern = 'x') =>
    spreads.noted(pattern, spread, clock.now());
  return { clock, spreads, noted, down, sent, call, routed, turns };
}

describe('calls of a spread pattern', () => {
  it('take turns among as many shards', () => {
    const { spreads, noted, turns } = setup();
    const own = shardOf('x', SHARDS);
    expect([spreads.isEmpty, turns(3)]).toEqual([true, [own, own, own]]);
    noted(3);
    const seen = turns(3);
    expect(new Set(seen).size).toBe(3);
    expect(turns(6)).toEqual([...seen, ...seen]);
    noted(100);
    expect(new Set(turns(SHARDS)).size).toBe(SHARDS);
  });

  it('go together if they leave together: those of four milliseconds, 256 at most', () => {
    const shardsOf = (calls: number, pause: number) => {
      const { noted, turns } = setup();
      noted(SHARDS);
      return new Set(turns(calls, pause)).size;
    };
    expect([shardsOf(4, 1), shardsOf(5, 1)]).toEqual([1, 2]);
    expect([shardsOf(256, 0), shardsOf(257, 0)]).toEqual([1, 2]);
  });

  it('are spread also where they have a priority, which such a pattern has no classes for', () => {
    const { clock, noted, routed } = setup();
    noted(SHARDS);
    const ofClass = { stream: 'x|1', isEvent: false };
    const seen = Array.from({ length: SHARDS }, () => {
      clock.pass(4);
      const request = routed({ namePattern: true, ofClass });
      expect(request.ofClass).toEqual(request.stream === 'x' ? ofClass : undefined);
      return request.stream;
    });
    expect(new Set(seen).size).toBe(SHARDS);
    expect(routed({ stream: 'lane', namePattern: true }).stream).toBe('lane');
  });

  it('name their pattern elsewhere, and are only stored where an instance serves it', () => {
    const { clock, noted, routed } = setup();
    noted(SHARDS);
    for (let i = 0; i < SHARDS; i++) {
      clock.pass(4);
      const { stream, namePattern, grace, home } = routed();
      if (stream === 'x') expect({ namePattern, grace, home }).toMatchObject({ grace: 2000 });
      else expect({ namePattern, grace }).toEqual({ namePattern: true, grace: 'served' });
      expect(routed({ grace: 'fail' }).grace).toBe('fail');
    }
  });

  it('stay in their own stream with a key, in a lane, and when it is heard that they are to', () => {
    const { clock, spreads, noted, routed } = setup();
    noted(SHARDS);
    for (let i = 0; i < SHARDS; i++) {
      clock.pass(4);
      expect(routed({ key: 'k' }).stream).toBe('x');
      expect(routed({ stream: 'lane', namePattern: true }).stream).toBe('lane');
      expect(routed({ pattern: 'y', stream: 'y' }).stream).toBe('y');
    }
    for (const none of [undefined, 1]) {
      noted(3);
      noted(none);
      expect(spreads.isEmpty).toBe(true);
    }
    noted(3, 'x'.repeat(1020));
    expect(spreads.isEmpty).toBe(true);
  });

  it('leave out shards that are down; if all are, they wait for their own', () => {
    const { noted, down, turns } = setup();
    noted(SHARDS);
    down.add(0).add(1);
    expect([...new Set(turns(200))].toSorted()).toEqual([2, 3, 4, 5]);
    for (let shard = 0; shard < SHARDS; shard++) down.add(shard);
    expect(turns(2)).toEqual(Array(2).fill(shardOf('x', SHARDS)));
    down.clear();
    expect(new Set(turns(200)).size).toBe(SHARDS);
  });
});

describe('that a pattern is spread', () => {
  it('L26: counts for two seconds, unless the shard that says so is down', () => {
    const { clock, noted, down, turns } = setup();
    const own = shardOf('x', SHARDS);
    noted(SHARDS);
    clock.pass(2000);
    expect(new Set(turns(SHARDS))).toEqual(new Set([own]));
    down.add(own);
    expect(new Set(turns(SHARDS)).size).toBe(SHARDS - 1);
    down.clear();
    noted(SHARDS);
    expect(new Set(turns(SHARDS)).size).toBe(SHARDS);
  });
});

describe('L26: a call that another stream did not take', () => {
  function elsewhere() {
    const all = setup();
    all.noted(SHARDS);
    for (;;) {
      all.clock.pass(4);
      const call = all.call({ data: '1' });
      all.spreads.route(call);
      if (call.request.home !== undefined) return { ...all, moved: call };
    }
  }

  it('goes to its own, as it was made', () => {
    const { spreads, moved, sent } = elsewhere();
    expect(spreads.offered(moved)).toBe(true);
    expect(sent).toEqual([moved]);
    expect(moved.recalled).toHaveBeenCalledOnce();
    expect(moved.request).toMatchObject({
      stream: 'x',
      namePattern: false,
      grace: 2000,
      data: '1',
    });
    expect(spreads.offered(moved)).toBe(false);
  });

  it('does not, if a copy may be in Redis', () => {
    const { spreads, moved, sent } = elsewhere();
    moved.tainted = true;
    expect([spreads.offered(moved), sent]).toEqual([false, []]);
  });

  it('certainly does not run when its time is over', () => {
    const { spreads, moved, sent, clock } = elsewhere();
    clock.pass(1000);
    expect([spreads.offered(moved), sent]).toEqual([true, []]);
  });
});
