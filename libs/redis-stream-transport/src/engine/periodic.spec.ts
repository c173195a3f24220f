import { FakeClock } from '../../../../test/support/fake-clock.js';
import { Periodic } from './periodic.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function task(wait: () => number | undefined = () => 100) {
  const clock = new FakeClock();
  let runs = 0;
  let end: () => void = () => undefined;
  const periodic = new Periodic(clock, {
    wait,
    run: () => {
      runs++;
      return new Promise<void>((resolve) => (end = resolve));
    },
  });
  return { clock, periodic, runs: () => runs, end: () => (end(), turn()) };
}

describe('a task that runs from time to time', () => {
  it('runs again some time after the last run has ended', async () => {
    const { clock, periodic, runs, end } = task();
    periodic.start();
    clock.pass(100);
    clock.pass(1000);
    expect(runs()).toBe(1);
    await end();
    clock.pass(99);
    expect(runs()).toBe(1);
    clock.pass(1);
    expect(runs()).toBe(2);
  });

  it('does not run again after a stop, even if a run was on its way', async () => {
    const { clock, periodic, runs, end } = task();
    periodic.start();
    clock.pass(100);
    periodic.stop();
    await end();
    clock.pass(1000);
    expect([runs(), clock.timers]).toEqual([1, 0]);
    periodic.start();
    clock.pass(100);
    expect(runs()).toBe(2);
  });

  it('waits as long as it is told, and sets no timer when nothing is due', () => {
    const due: { in?: number } = {};
    const { clock, periodic, runs } = task(() => due.in);
    periodic.start();
    expect(clock.timers).toBe(0);
    due.in = 5;
    periodic.again();
    periodic.again();
    expect(clock.timers).toBe(1);
    clock.pass(5);
    expect(runs()).toBe(1);
  });
});
