import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from './documents.js';

const RULES = Array.from({ length: 22 }, (_, i) => `L${i + 1}`).filter(
  (rule) => rule !== 'L5' && rule !== 'L6',
);
const rows = [
  ...read('docs/rules.md').matchAll(/^\| (L\d+) +\|[^|]*\| `([^`]+)`: ([^|]+)\|/gm),
].map(([, rule, file, title]) => ({ rule: rule!, file: file!, title: title!.trim() }));

test('each rule names a test', () => {
  expect([...new Set(rows.map(({ rule }) => rule))]).toEqual(RULES);
});

test.each(rows)('$rule: $title', ({ file, title }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  expect(read(file)).toContain(title);
});
