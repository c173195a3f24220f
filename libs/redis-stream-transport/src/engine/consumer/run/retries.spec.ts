import { FakeClock } from '../../../../../../test/support/fake-clock.js';
import { range } from '../../../../../../test/support/tally.js';
import { MAX_WAITING_RETRIES, Retries } from './retries.js';

function retries() {
  const told: string[] = [];
  const clock = new FakeClock();
  const it = new Retries(clock, (isFull) => told.push(isFull ? 'full' : 'eased'));
  const wait = (count: number, ms: number, from = 0) => {
    for (const n of range(count)) it.wait(`entry ${from + n}`, ms, () => undefined);
  };
  return { it, clock, told, wait };
}

describe('entries that wait for another attempt', () => {
  it('tell once that no more are read, and that it is over when clearly fewer wait', () => {
    const { it: waiting, clock, told, wait } = retries();
    wait(50, 1000);
    wait(949, 5000, 50);
    expect([waiting.isFull, told]).toEqual([false, []]);
    // One that waits again does not count twice.
    wait(1, 1000);
    expect(waiting.isFull).toBe(false);
    wait(1, 5000, MAX_WAITING_RETRIES);
    expect([waiting.isFull, told]).toEqual([true, ['full']]);
    clock.pass(1000);
    expect(waiting.isFull).toBe(false);
    wait(50, 5000);
    expect([waiting.isFull, told]).toEqual([true, ['full']]);
    clock.pass(5000);
    expect(told).toEqual(['full', 'eased']);
    wait(MAX_WAITING_RETRIES, 5000);
    expect(told).toEqual(['full', 'eased', 'full']);
  });

  it('that are dropped tell that it is over, once, and tell anew afterwards', () => {
    const { it: waiting, told, wait } = retries();
    wait(MAX_WAITING_RETRIES, 1000);
    waiting.clear();
    waiting.clear();
    expect(told).toEqual(['full', 'eased']);
    wait(MAX_WAITING_RETRIES, 1000);
    expect(told).toEqual(['full', 'eased', 'full']);
    waiting.clear();
    wait(2, 1000);
    waiting.clear();
    expect(told).toEqual(['full', 'eased', 'full', 'eased']);
  });
});
