import { setImmediate as turn } from 'node:timers/promises';
import { together } from './together.js';

it('does sixteen at once, in their order', async () => {
  const begun: number[] = [];
  let ended = 0;
  const atOnce: number[] = [];
  await together(
    Array.from({ length: 40 }, (_, i) => i),
    async (i) => {
      begun.push(i);
      atOnce.push(begun.length - ended);
      await turn();
      ended++;
    },
  );
  expect(begun).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(ended).toBe(40);
  expect(Math.max(...atOnce)).toBe(16);
});

it('fails with the first that fails, and begins no more', async () => {
  const begun: number[] = [];
  const all = together(
    Array.from({ length: 40 }, (_, i) => i),
    (i) => {
      begun.push(i);
      return i === 3 ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  );
  await expect(all).rejects.toThrow('no');
  expect(begun).toHaveLength(16);
});
