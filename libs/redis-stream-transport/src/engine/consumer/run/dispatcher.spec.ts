import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { Delivery } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { PatternState } from '../intake/pattern-state.js';

const pattern = (concurrency?: number): PatternState =>
  new PatternState({
    pattern: 'p',
    stream: 'p',
    answers: true,
    broadcast: false,
    concurrency,
    retry: undefined,
    once: false,
  } as PatternState['spec']);

/** The parts of a delivery that a dispatcher uses. */
function fake(
  of: PatternState,
  changes: { suspect?: boolean; deadline?: number; depth?: number; rank?: number } = {},
) {
  const { suspect = false, deadline = Number.POSITIVE_INFINITY, depth = 0, rank = 1 } = changes;
  const delivery = {
    history: { suspect },
    stream: { rank },
    depth,
    calls: 0,
    isRequest: true,
    pattern: of,
    deadline,
    ended: false,
    running: false,
    isAborted: false,
    aborts: [] as string[],
    slot: 0,
    previousItem: undefined,
    nextItem: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
    remaining: (now: number) => deadline - now,
    begin: () => void latest.ran.push(delivery as never),
    unstarted: () => {
      latest.expired.push(delivery as never);
      latest.end(delivery as never);
    },
    abort(reason: string) {
      delivery.isAborted = true;
      delivery.aborts.push(reason);
    },
  };
  return delivery as unknown as Delivery & { aborts: string[] };
}

interface Log {
  readonly ran: Delivery[];
  readonly expired: Delivery[];
  readonly stuck: Delivery[];
  changes: number;
  end(delivery: Delivery): void;
}

/** What happened to the deliveries of the latest dispatcher. */
let latest: Log;

function dispatcher(concurrency = 2) {
  const clock = new FakeClock();
  const log: Log = {
    ran: [],
    expired: [],
    stuck: [],
    changes: 0,
    end: (delivery) => end(delivery),
  };
  latest = log;
  const state = { mayStart: true, owed: 0 };
  const made: Dispatcher = new Dispatcher(concurrency, clock, {
    stuck: (delivery) => {
      log.stuck.push(delivery);
      end(delivery);
    },
    mayStart: () => state.mayStart,
    redisNow: () => clock.now(),
    owed: () => state.owed,
    changed: () => log.changes++,
  });
  const end = (delivery: Delivery): void => {
    delivery.ended = true;
    made.finished(delivery);
  };
  return { dispatcher: made, clock, log, state, end };
}

describe('the dispatcher', () => {
  it('runs as many as there are slots, and the next when one is free', () => {
    const { dispatcher: it, log, end } = dispatcher(2);
    const all = [1, 2, 3].map(() => fake(pattern()));
    for (const one of all) it.accept(one);
    expect(log.ran).toEqual(all.slice(0, 2));
    expect(it.free).toBe(0);
    end(all[0]!);
    expect(log.ran).toEqual(all);
    expect(it.inFlight).toBe(2);
  });

  it('starts what matters more before what has waited for longer', () => {
    const { dispatcher: it, log, end } = dispatcher(1);
    const all = [1, 2, 1, 0, 2, 0].map((rank) => fake(pattern(), { rank }));
    for (const one of all) it.accept(one);
    for (let i = 0; i < all.length; i++) end(log.ran[i]!);
    expect(log.ran).toEqual([0, 3, 5, 2, 1, 4].map((i) => all[i]));
  });

  it('has one of a higher class read while all that waits matters less, until that has its turn', () => {
    const { dispatcher: it, log, end } = dispatcher(1);
    const p = pattern();
    for (let i = 0; i < 4; i++) it.accept(fake(p, { rank: 2 }));
    expect([it.free, it.ahead]).toEqual([0, 2]);
    let ended = 0;
    const next = () => end(log.ran[ended++]!);
    for (let i = 0; i < 16; i++) {
      expect(it.ahead).toBe(2);
      it.accept(fake(p, { rank: 0 }));
      expect(it.ahead).toBe(0);
      next();
      expect(log.ran.at(-1)?.stream.rank).toBe(0);
    }
    expect(it.ahead).toBe(0);
    next();
    expect(log.ran.at(-1)?.stream.rank).toBe(2);
    expect(it.ahead).toBe(2);
    expect(log.changes).toBeGreaterThan(0);
    it.clearWaiting();
    expect([it.ahead, p.waiting]).toEqual([0, 0]);
  });

  it('lets a higher class of a pattern at its bound be read ahead', () => {
    const { dispatcher: it } = dispatcher(10);
    const p = pattern(1);
    expect(p.room(true, 0)).toBe(1);
    it.accept(fake(p, { rank: 2 }));
    expect(p.room(true, 0)).toBe(0);
    it.accept(fake(p, { rank: 2 }));
    expect([0, 1, 2].map((rank) => p.room(true, rank))).toEqual([1, 1, -1]);
    it.accept(fake(p, { rank: 0 }));
    expect(p.room(true, 0)).toBeLessThan(1);
  });

  it('holds a pattern to its own bound, and lets others pass', () => {
    const { dispatcher: it, log, end } = dispatcher(3);
    const slow = pattern(1);
    const [first, second] = [fake(slow), fake(slow)];
    const other = fake(pattern());
    for (const one of [first, second, other]) it.accept(one);
    expect(log.ran).toEqual([first, other]);
    // An entry that waits for its pattern takes no slot.
    expect(it.free).toBe(1);
    end(first);
    expect(log.ran).toEqual([first, other, second]);
  });

  it('reads no more of lanes while a thousand wait for their patterns', () => {
    const { dispatcher: it } = dispatcher(10);
    const slow = pattern(1);
    for (let i = 0; i < 1000; i++) it.accept(fake(slow));
    expect(it.mayPark).toBe(true);
    it.accept(fake(slow));
    expect(it.mayPark).toBe(false);
    // Other streams are still read: what cannot start is not read of a stream of its own.
    expect(it.free).toBe(9);
  });

  it('runs an entry on its last delivery alone', () => {
    const { dispatcher: it, log, end } = dispatcher(5);
    const running = fake(pattern());
    const last = fake(pattern(), { suspect: true });
    const behind = fake(pattern());
    for (const one of [running, last, behind]) it.accept(one);
    expect(log.ran).toEqual([running]);
    expect(it.free).toBe(0);
    end(running);
    expect(log.ran).toEqual([running, last]);
    end(last);
    expect(log.ran).toEqual([running, last, behind]);
    expect(it.free).toBe(4);
  });

  it('starts a suspect beside what never ends, and lets others begin soon after it', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const endless = fake(pattern());
    const slow = fake(pattern(), { suspect: true });
    const other = fake(pattern());
    for (const one of [endless, slow, other]) it.accept(one);
    clock.pass(490);
    expect([log.ran, it.free]).toEqual([[endless], 0]);
    clock.pass(20);
    expect([log.ran, it.free]).toEqual([[endless, slow], 0]);
    clock.pass(980);
    expect(log.ran).toEqual([endless, slow]);
    clock.pass(20);
    expect(log.ran).toEqual([endless, slow, other]);
    expect(it.free).toBe(2);
    end(slow);
    expect(it.free).toBe(3);
  });

  it('runs suspects one after the other, and others in between', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const first = fake(pattern(), { suspect: true });
    const second = fake(pattern(), { suspect: true });
    it.accept(first);
    it.accept(second);
    const other = fake(pattern());
    it.accept(other);
    clock.pass(200);
    expect([log.ran, it.takesSuspect]).toEqual([[first], false]);
    end(first);
    // The others have as long as they were kept waiting before.
    expect([log.ran, it.free, it.takesSuspect]).toEqual([[first, other], 4, false]);
    end(other);
    clock.pass(190);
    const third = fake(pattern());
    it.accept(third);
    expect(log.ran).toEqual([first, other, third]);
    end(third);
    clock.pass(20);
    expect(log.ran).toEqual([first, other, third, second]);
    end(second);
    clock.pass(20);
    expect(it.takesSuspect).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('begins nothing while a suspect is claimed, and goes on if there is none', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    it.isolation.expect();
    const other = fake(pattern());
    it.accept(other);
    expect([log.ran, it.free]).toEqual([[], 0]);
    it.isolation.expected();
    it.next();
    expect(log.ran).toEqual([other]);
    end(other);
    clock.pass(20);
    expect([it.takesSuspect, clock.timers]).toEqual([true, 0]);

    // It came: what was expected begins first.
    it.isolation.expect();
    const [suspect, next] = [fake(pattern(), { suspect: true }), fake(pattern())];
    it.accept(next);
    it.accept(suspect);
    it.isolation.expected();
    expect(log.ran).toEqual([other, suspect]);
    end(suspect);
    expect(log.ran).toEqual([other, suspect, next]);
  });

  it('lets others begin when a claim takes long', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    it.isolation.expect();
    const other = fake(pattern());
    it.accept(other);
    clock.pass(500);
    expect([log.ran, it.free]).toEqual([[other], 4]);
    const suspect = fake(pattern(), { suspect: true });
    it.accept(suspect);
    it.isolation.expected();
    expect(log.ran).toEqual([other, suspect]);
    for (const one of [other, suspect]) end(one);
    clock.pass(1000);
    expect([it.takesSuspect, clock.timers]).toEqual([true, 0]);
  });

  it('lets a suspect wait for its pattern without keeping others waiting', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const narrow = pattern(1);
    const endless = fake(narrow);
    const suspect = fake(narrow, { suspect: true });
    const other = fake(pattern());
    for (const one of [endless, suspect, other]) it.accept(one);
    clock.pass(600);
    expect(log.ran).toEqual([endless, other]);
    end(endless);
    expect(log.ran).toEqual([endless, other, suspect]);
  });

  it('starts the next suspect at some time, however long one runs', () => {
    const { dispatcher: it, clock, log } = dispatcher(5);
    const endless = [1, 2, 3].map(() => fake(pattern(), { suspect: true }));
    for (const one of endless) it.accept(one);
    expect([log.ran, it.takesSuspect]).toEqual([endless.slice(0, 1), false]);
    clock.pass(4900);
    expect(log.ran).toEqual(endless.slice(0, 1));
    clock.pass(700);
    expect(log.ran).toEqual(endless.slice(0, 2));
    clock.pass(5700);
    expect(log.ran).toEqual(endless);
    clock.pass(5100);
    // Suspects that are still pending under dead consumers have their turn too.
    expect([it.takesSuspect, it.free, clock.timers]).toEqual([true, 2, 0]);
  });

  it('starts suspects of other patterns while that of one is at its bound', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const narrow = pattern(1);
    const endless = fake(narrow);
    const held = fake(narrow, { suspect: true });
    for (const one of [endless, held]) it.accept(one);
    clock.pass(600);
    expect(it.takesSuspect).toBe(true);
    const other = fake(pattern(), { suspect: true });
    it.accept(other);
    expect(log.ran).toEqual([endless, other]);
    end(other);
    clock.pass(2000);
    end(endless);
    expect(log.ran).toEqual([endless, other, held]);
  });

  it('takes a suspect that a handler may wait for although no slot is free, past those that find none', () => {
    const { dispatcher: it, clock, log } = dispatcher(1);
    const outer = fake(pattern());
    const outside = fake(pattern(), { suspect: true });
    const inner = fake(pattern(), { suspect: true, depth: 1 });
    it.accept(outer);
    expect(it.takesSuspect).toBe(false);
    it.waits(outer, 1);
    expect([it.free, it.nested, it.takesSuspect]).toEqual([0, 1, true]);
    it.accept(outside);
    it.accept(inner);
    clock.pass(600);
    expect(log.ran).toEqual([outer, inner]);
  });

  it('goes on after a suspect that ended before it ran', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const running = fake(pattern());
    const suspect = fake(pattern(), { suspect: true });
    const other = fake(pattern());
    for (const one of [running, suspect, other]) it.accept(one);
    end(suspect);
    it.next();
    expect(log.ran).toEqual([running, other]);
    clock.pass(20);
    expect(it.takesSuspect).toBe(true);
  });

  it('goes on after a suspect that expired while it waited to run alone', () => {
    const { dispatcher: it, clock, log, end } = dispatcher(5);
    const running = fake(pattern());
    const late = fake(pattern(), { suspect: true, deadline: clock.now() + 100 });
    const last = fake(pattern(), { suspect: true, deadline: clock.now() + 100 });
    const behind = fake(pattern());
    for (const one of [running, late, last, behind]) it.accept(one);
    clock.pass(200);
    end(running);
    expect(log.expired).toEqual([late, last]);
    expect(log.ran).toEqual([running, behind]);
  });

  it('does not run what has expired', () => {
    const { dispatcher: it, clock, log } = dispatcher();
    const late = fake(pattern(), { deadline: clock.now() });
    it.accept(late);
    expect([log.ran, log.expired]).toEqual([[], [late]]);
    expect(it.free).toBe(2);
  });

  it('counts entries that wait for Redis as held, and says when they become fewer', () => {
    const { dispatcher: it, log, state } = dispatcher(5);
    it.accept(fake(pattern()));
    state.owed = 3;
    expect(it.free).toBe(1);
    it.eased();
    expect(log.changes).toBe(0);
    state.owed = 30;
    expect(it.free).toBe(0);
    state.owed = 2;
    it.eased();
    it.eased();
    expect([it.free, log.changes]).toEqual([2, 1]);
  });

  it('starts nothing while the lease is in doubt', () => {
    const { dispatcher: it, log, state } = dispatcher();
    state.mayStart = false;
    const one = fake(pattern());
    it.accept(one);
    expect(log.ran).toEqual([]);
    state.mayStart = true;
    it.next();
    expect(log.ran).toEqual([one]);
  });

  it('tells a handler at its deadline, and gives it up after a grace', () => {
    const { dispatcher: it, clock, log } = dispatcher();
    const slow = fake(pattern(), { deadline: clock.now() + 1000 });
    it.accept(slow);
    clock.pass(990);
    expect(slow.aborts).toEqual([]);
    clock.pass(100);
    expect(slow.aborts).toEqual(['deadline']);
    clock.pass(4800);
    expect(log.stuck).toEqual([]);
    clock.pass(300);
    expect(log.stuck).toEqual([slow]);
    expect(it.inFlight).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('tells a handler that its caller no longer waits', () => {
    const { dispatcher: it, clock, log } = dispatcher();
    const one = fake(pattern());
    it.accept(one);
    it.abort(one);
    expect(one.aborts).toEqual(['cancelled']);
    clock.pass(6000);
    expect(log.stuck).toEqual([one]);
  });

  it('starts nothing more after a pause, and says when nothing runs', async () => {
    const { dispatcher: it, log, end } = dispatcher(1);
    const [first, second] = [fake(pattern()), fake(pattern())];
    it.accept(first);
    it.accept(second);
    it.pause();
    const idle = vi.fn();
    const waiting = it.whenIdle().then(idle);
    end(first);
    await waiting;
    expect(log.ran).toEqual([first]);
    expect(it.free).toBe(0);
    await expect(it.whenIdle()).resolves.toBeUndefined();
  });

  it('accepts a second end, and the end of a delivery that never ran', () => {
    const { dispatcher: it, end } = dispatcher(1);
    const [first, waiting] = [fake(pattern()), fake(pattern())];
    it.accept(first);
    it.accept(waiting);
    end(waiting);
    end(waiting);
    end(first);
    end(first);
    expect(it.inFlight).toBe(0);
    expect(it.free).toBe(1);
  });
});
