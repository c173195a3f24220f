import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RULE_ROWS } from '../rules/rows.js';
import { read, ROOT } from './documents.js';

const numbered = (letter: string, count: number, unused: readonly number[]) =>
  Array.from({ length: count }, (_, i) => i + 1)
    .filter((number) => !unused.includes(number))
    .map((number) => `${letter}${number}`);

const RULES = [...numbered('L', 28, [5, 6]), ...numbered('P', 21, [8])];

test('each rule names a test', () => {
  expect([...new Set(RULE_ROWS.map(({ rule }) => rule))]).toEqual(RULES);
});

test.each(RULE_ROWS)('$rule: $title', ({ file, title }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  expect(read(file)).toContain(title);
});
