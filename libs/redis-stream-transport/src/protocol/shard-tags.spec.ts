import { range } from '../../../../test/support/tally.js';
import { SLOTS, slotOf } from './slot.js';
import { tagNumbers } from './shard-tags.js';

const PREFIXES = [
  'nrs',
  'orders',
  'größe',
  'team.billing',
  ...range(60).map((i) => `p${i * 7919}`),
];

/** How many of the shards each of so many masters has, when they have equal shares of the slots. */
function perMaster(prefix: string, shards: number, masters: number): number[] {
  const counts = Array.from({ length: masters }, () => 0);
  for (const number of tagNumbers(prefix, shards)) {
    const slot = slotOf(number === 0 ? prefix : `${prefix}:${number}`);
    const ends = range(masters).map((i) => Math.floor(((i + 1) * SLOTS) / masters));
    counts[ends.findIndex((end) => slot < end)]!++;
  }
  return counts;
}

it.each([
  [3, 8, 8],
  [4, 6, 6],
  [5, 4, 6],
  [6, 4, 4],
  [7, 3, 4],
  [8, 3, 3],
  [9, 2, 3],
  [10, 2, 3],
  [11, 1, 3],
  [12, 2, 2],
])('of 24 shards each of %i masters has %i to %i, whatever the prefix', (masters, least, most) => {
  for (const prefix of PREFIXES) {
    const counts = perMaster(prefix, 24, masters);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...counts)).toBeLessThanOrEqual(most);
  }
});

it.each([3, 6, 12])('of as many shards as masters (%i) each has one', (masters) => {
  for (const prefix of PREFIXES) {
    expect(perMaster(prefix, masters, masters)).toEqual(range(masters).map(() => 1));
  }
});

it('are the same for everybody, and each is there once', () => {
  expect(tagNumbers('nrs', 1)).toEqual([0]);
  const once = [...tagNumbers('nrs', 24)];
  for (const i of range(20)) tagNumbers(`other${i}`, 3);
  expect(tagNumbers('nrs', 24)).toEqual(once);
  for (const shards of [2, 24, 256]) expect(new Set(tagNumbers('nrs', shards)).size).toBe(shards);
});
