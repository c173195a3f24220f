import fc from 'fast-check';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { DeadlineQueue, type Expiring } from './deadline-queue.js';

interface Item extends Expiring {
  readonly name: number;
}

const item = (name: number, expiresAt: number): Item => ({
  name,
  expiresAt,
  slot: 0,
  previousItem: undefined,
  nextItem: undefined,
});

function queue() {
  const clock = new FakeClock();
  const expired: number[] = [];
  return {
    clock,
    expired,
    queue: new DeadlineQueue<Item>(clock, ({ name }) => expired.push(name)),
  };
}

describe('the deadline queue', () => {
  it('expires nothing early, and everything within a tick or two', () => {
    const { clock, expired, queue: deadlines } = queue();
    deadlines.add(item(1, clock.now() + 100));
    deadlines.add(item(2, clock.now() + 300));
    clock.pass(99);
    expect(expired).toEqual([]);
    clock.pass(100);
    expect(expired).toEqual([1]);
    clock.pass(200);
    expect(expired).toEqual([1, 2]);
    expect(deadlines.length).toBe(0);
  });

  it('expires an item whose time has passed already with the next tick', () => {
    const { clock, expired, queue: deadlines } = queue();
    deadlines.add(item(1, clock.now() - 1000));
    expect(expired).toEqual([]);
    clock.pass(64);
    expect(expired).toEqual([1]);
  });

  it('forgets an item that is removed, even twice', () => {
    const { clock, expired, queue: deadlines } = queue();
    const items = [1, 2, 3].map((name) => item(name, clock.now() + 50));
    for (const each of items) deadlines.add(each);
    deadlines.remove(items[1]!);
    deadlines.remove(items[1]!);
    expect(deadlines.length).toBe(2);
    clock.pass(200);
    expect(expired.sort()).toEqual([1, 3]);
  });

  it('uses one timer, and none when it is empty', () => {
    const { clock, queue: deadlines } = queue();
    for (let i = 0; i < 100; i++) deadlines.add(item(i, clock.now() + i * 10));
    expect(clock.timers).toBe(1);
    clock.pass(2000);
    expect(clock.timers).toBe(0);
  });

  it('expires everything after the process stood still', () => {
    const { clock, expired, queue: deadlines } = queue();
    deadlines.add(item(1, clock.now() + 100));
    deadlines.add(item(2, clock.now() + 1_000_000));
    clock.jump(900_000);
    clock.pass(50);
    expect(expired).toEqual([1]);
    clock.jump(200_000);
    clock.pass(50);
    expect(expired).toEqual([1, 2]);
  });

  it('expires nothing that was cleared', () => {
    const { clock, expired, queue: deadlines } = queue();
    const one = item(1, clock.now() + 10);
    deadlines.add(one);
    deadlines.clear();
    clock.pass(1000);
    expect(expired).toEqual([]);
    expect([deadlines.length, clock.timers, one.slot]).toEqual([0, 0, 0]);
    one.expiresAt = clock.now() + 10;
    deadlines.add(one);
    clock.pass(100);
    expect(expired).toEqual([1]);
  });

  it('lets an item be added again while it expires', () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const deadlines: DeadlineQueue<Item> = new DeadlineQueue(clock, (each) => {
      times.push(clock.now());
      each.expiresAt = clock.now() + 100;
      if (times.length < 3) deadlines.add(each);
    });
    deadlines.add(item(1, clock.now() + 100));
    clock.pass(1000);
    expect(times).toHaveLength(3);
  });

  it('expires each item once, whatever is added, removed and awaited', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), ms: fc.integer({ min: -50, max: 5000 }) }),
      fc.record({ kind: fc.constant('remove' as const), ms: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 1000 }) }),
      fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: 0, max: 9000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, expired, queue: deadlines } = queue();
        const items: Item[] = [];
        const removed = new Set<number>();
        for (const { kind, ms } of steps) {
          if (kind === 'add') {
            const added = item(items.length, clock.now() + ms);
            items.push(added);
            deadlines.add(added);
          } else if (kind === 'remove') {
            const target = items[ms];
            if (target !== undefined && !expired.includes(target.name)) removed.add(target.name);
            if (target !== undefined) deadlines.remove(target);
          } else if (kind === 'pass') clock.pass(ms);
          else clock.jump(ms);
          for (const name of expired) {
            expect(items[name]!.expiresAt).toBeLessThanOrEqual(clock.now());
          }
        }
        clock.pass(100_000);
        const kept = items.map(({ name }) => name).filter((name) => !removed.has(name));
        expect([...expired].sort((a, b) => a - b)).toEqual(kept);
        expect(deadlines.length).toBe(0);
      }),
    );
  });
});
