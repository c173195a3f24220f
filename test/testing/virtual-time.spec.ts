import { AsyncLocalStorage } from 'node:async_hooks';
import { VirtualTime } from '../../libs/redis-stream-transport/src/testing/time/virtual-time.js';
import { eventually } from '../../tools/wait.js';

test('runs what is due in order, each at its time', () => {
  const time = new VirtualTime(1000, 1);
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name} at ${time.today}`);
  time.after(20, note('late'));
  time.after(10, note('first'));
  time.after(10, note('second'));
  time.after(15, note('never'))();

  while (time.step(12)) ran.push('step');
  expect(ran).toEqual(['first at 1010', 'step', 'second at 1010', 'step']);
  expect(time.today).toBe(1012);
  expect(time.step(100)).toBe(true);
  expect(ran.at(-1)).toBe('late at 1020');
});

test('what is due at once needs no time', async () => {
  const time = new VirtualTime(1000, 1);
  const ran: number[] = [];
  time.after(0, () => ran.push(time.today));
  time.after(0, () => ran.push(0))();
  await eventually(() => expect(ran).toEqual([1000]));
});

test('a task keeps the asynchronous context in which it was set', () => {
  const time = new VirtualTime(1000, 1);
  const store = new AsyncLocalStorage<string>();
  let seen: string | undefined;
  store.run('setter', () => time.after(5, () => (seen = store.getStore())));
  store.run('tester', () => time.step(10));
  expect(seen).toBe('setter');
});

test('chance comes from the seed', () => {
  const numbers = (seed: number) => {
    const time = new VirtualTime(1000, seed);
    return Array.from({ length: 100 }, () => time.random());
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  expect(numbers(1).every((number) => number >= 0 && number < 1)).toBe(true);
});
