import fc from 'fast-check';
import { editDistance, nearest } from './suggest.js';

it.each([
  ['', '', 0],
  ['abc', '', 3],
  ['lease', 'lease', 0],
  ['concurency', 'concurrency', 1],
  ['gruop', 'group', 1],
  ['kitten', 'sitting', 3],
])('%s → %s takes %i', (one, other, distance) => {
  expect(editDistance(one, other)).toBe(distance);
});

it('is symmetric, zero only for equal words, and at most the longer word', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (one, other) => {
      const distance = editDistance(one, other);
      expect(distance).toBe(editDistance(other, one));
      expect(distance === 0).toBe(one === other);
      expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
    }),
  );
});

it('finds the nearest word within the allowed slips, whatever the letter case', () => {
  const known = ['group', 'groupTtl', 'concurrency'];
  const third = (length: number) => Math.floor(length / 3);
  expect(nearest('gruop', known, third)).toBe('group');
  expect(nearest('GROUPTTL', known, third)).toBe('groupTtl');
  expect(nearest('something', known, third)).toBeUndefined();
  expect(nearest('groups', known, () => 0)).toBeUndefined();
});
