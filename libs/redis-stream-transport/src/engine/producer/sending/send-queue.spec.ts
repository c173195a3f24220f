import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import type { OutgoingEntry } from './outgoing-entry.js';
import { SendQueue } from './send-queue.js';

/** A queue from which nothing leaves until `state.leaves` is set. */
function stuck(count: number) {
  const clock = new FakeClock();
  const state = { leaves: false };
  const queue = new SendQueue(clock, {
    flush: () => {},
    isIdle: () => true,
    leaves: () => state.leaves,
  });
  const entries = Array.from({ length: count }, () => ({ size: 10, abandoned: false }));
  for (const entry of entries) queue.push(entry as OutgoingEntry);
  return { clock, state, queue, entries };
}

describe('a queue from which nothing leaves', () => {
  it('lets go of what has ended, also when nothing more comes', () => {
    const { clock, queue, entries } = stuck(100);
    for (const entry of entries.slice(1)) entry.abandoned = true;
    clock.pass(1000);
    expect(queue.length).toBe(1);
    entries[0]!.abandoned = true;
    clock.pass(1000);
    expect(queue.length).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('does not look any more once something leaves', () => {
    const { clock, state, queue, entries } = stuck(2);
    state.leaves = true;
    entries[0]!.abandoned = true;
    clock.pass(1000);
    expect(queue.length).toBe(2);
    expect(clock.timers).toBe(0);
    expect(queue.take()).toEqual([entries[1]]);
  });
});
