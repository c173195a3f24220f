import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from './documents.js';

// docs/contracts.md promises tests; here it is held to them.

const [, table = ''] = read('docs/contracts.md').split('\n## What shows it\n');
// Behind the heads of its columns.
const lines = (table.match(/^\|.*$/gm) ?? []).slice(2);
const rows = lines.map((line) => {
  const [, said, file, title] = /^\| (.*?) +\| `([^`]+)`: (.+?) +\|$/.exec(line) ?? [];
  return { line, said: said?.trim() ?? '', file: file ?? '', title: title ?? '' };
});

test('each row is understood, and the first of a statement says it', () => {
  expect(rows.filter(({ title }) => title === '')).toEqual([]);
  expect(rows[0]?.said).not.toBe('');
  expect(rows.filter(({ said }) => said !== '').length).toBeGreaterThan(40);
});

test.each(rows)('$file: $title', ({ file, title }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  expect(read(file)).toContain(`'${title}'`);
});
