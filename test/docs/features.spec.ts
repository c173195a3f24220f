import { labelledRows, missingTests, strayLines } from './labelled-rows.js';

// docs/features.md promises tests; here it is held to them.

/** How many labels there are with each letter. */
const LABELS = { M: 14, A: 8, R: 7, P: 12, E: 11, N: 18 };

/** What is not there yet: the option that it will bring. Who adds one adds the row, and takes the line away here. */
const NOT_YET: Readonly<Record<string, readonly [table: object, option: string]>> = {};

const rows = labelledRows('docs/features.md');

test('every label has one row, but those that are not there yet', () => {
  const all = Object.entries(LABELS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  );
  expect(rows.map(({ label }) => label)).toEqual(all.filter((label) => !(label in NOT_YET)));
});

test.each(Object.entries(NOT_YET))('%s is not there yet', (_label, [table, option]) => {
  expect(Object.keys(table)).not.toContain(option);
});

test('every row names what shows it, and nothing else stands there', () => {
  expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
  expect(strayLines('docs/features.md', rows)).toBe(0);
});

test.each(rows)('the tests of $label exist', (row) => {
  expect(missingTests(row)).toEqual([]);
});
