import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from './documents.js';

// docs/guarantees.md: each promise says what carries it, and what shows it.

const page = read('docs/guarantees.md');
const promised = [...page.matchAll(/^\*\*(G\d+)\.\*\*/gm)].map(([, label]) => label as string);

const cells = (line: string): string[] => line.split('|').map((cell) => cell.trim());
const rows = [...page.matchAll(/^\| G\d.*$/gm)].map(([line]) => {
  const [, labels = '', mechanism = '', where = '', shown = ''] = cells(line);
  return { labels: labels.split(', '), mechanism, where, shown };
});

const SOURCES = 'libs/redis-stream-transport/src';
/** Where files are looked for that the table names without their folder. */
const FOLDERS = ['', 'redis/operations', 'engine/consumer/intake'];
const played = new Set(
  readdirSync(join(ROOT, 'chaos/scenarios'))
    .flatMap((file) => [...read(join('chaos/scenarios', file)).matchAll(/'(S\d+[A-Z]?)'/g)])
    .map(([, name]) => name as string),
);
const unplayed = (text: string): string[] =>
  [...text.matchAll(/\bS\d+[A-Z]?\b/g)].map(([name]) => name).filter((name) => !played.has(name));

const byNumber = (one: string, other: string): number =>
  Number(one.slice(1)) - Number(other.slice(1));

test('each promise has a number of its own, without a gap, and one row', () => {
  const all = promised.map((_, i) => `G${i + 1}`);
  expect(promised.toSorted(byNumber)).toEqual(all);
  expect(rows.flatMap(({ labels }) => labels).toSorted(byNumber)).toEqual(all);
});

test.each(rows)('what carries $labels is there', ({ mechanism, where }) => {
  expect(mechanism).not.toBe('');
  const files = [...where.matchAll(/`([^`]+)`/g)].map(([, file]) => file as string);
  const isThere = (file: string) =>
    FOLDERS.some((folder) => existsSync(join(ROOT, SOURCES, folder, file)));
  expect(files.filter((file) => !isThere(file))).toEqual([]);
  expect(files).not.toEqual([]);
});

test.each(rows)('what shows $labels is there', ({ shown }) => {
  expect(shown).toMatch(/^(all|tests|`test\/\w+`|S\d)/);
  expect(unplayed(shown)).toEqual([]);
});

test('each scenario that the page names is played', () => {
  expect(unplayed(page)).toEqual([]);
});
