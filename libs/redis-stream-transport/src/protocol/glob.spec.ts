import { Glob, isGlob } from './glob.js';

test.each([
  ['orders.*', 'orders.placed', true],
  ['orders.*', 'orders.', true],
  ['orders.*', 'orders', false],
  ['orders.*', 'orders.placed.twice', true],
  ['*', '', true],
  ['*.placed', 'orders.placed', true],
  ['*.placed', 'orders.placed.not', false],
  ['a*b*c', 'aXbYbc', true],
  ['a*b*c', 'aXbYb', false],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h?llo', 'h😀llo', true],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hallo', true],
  ['h[^e]llo', 'hello', false],
  ['h[a-c]llo', 'hbllo', true],
  ['h[c-a]llo', 'hbllo', true],
  ['h[a-c]llo', 'hdllo', false],
  ['h[\\]]llo', 'h]llo', true],
  ['h[a', 'ha', true],
  ['h[]llo', 'hllo', false],
  ['h[^]llo', 'h]llo', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'aXb', false],
  ['a\\', 'a\\', true],
  ['{"cmd":"*"}', '{"cmd":"sum"}', true],
])('%s and %s: %s', (glob, name, matches) => {
  expect(new Glob(glob).matches(name)).toBe(matches);
});

test('a pattern stands for others if it has a wildcard, a set or a backslash', () => {
  expect(['a*', 'a?', 'a[b]', 'a\\b'].every(isGlob)).toBe(true);
  expect(['orders.placed', 'a]', '{"cmd":"sum"}', '>', '#'].some(isGlob)).toBe(false);
});

test('the start is what stands before the first wildcard, and escaped characters count', () => {
  const glob = new Glob('a\\*b.*.c');
  expect([glob.start, glob.literals]).toEqual(['a*b.', 6]);
});

// What comes from Redis, and what an application declares, may be of any form.
test('many stars over a long name take no longer than both lengths multiplied', () => {
  const glob = new Glob(`${'*a'.repeat(500)}b`);
  expect(glob.matches('a'.repeat(1024))).toBe(false);
});
