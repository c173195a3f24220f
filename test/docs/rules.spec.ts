import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RULE_ROWS } from '../rules/rows.js';
import { read, ROOT } from './documents.js';

const RULES = Array.from({ length: 23 }, (_, i) => `L${i + 1}`).filter(
  (rule) => rule !== 'L5' && rule !== 'L6',
);

test('each rule names a test', () => {
  expect([...new Set(RULE_ROWS.map(({ rule }) => rule))]).toEqual(RULES);
});

test.each(RULE_ROWS)('$rule: $title', ({ file, title }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  expect(read(file)).toContain(title);
});
