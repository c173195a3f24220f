import { read } from './documents.js';

// docs/protocol.md has every key with its life, and every flag; scripts.spec.ts looks for the scripts.

const SOURCES = 'libs/redis-stream-transport/src';
const page = read('docs/protocol.md');

const kinds = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(([, kind]) => kind as string))].toSorted();
const rows = [...page.matchAll(/^\| `\{<prefix>\}:(\w+).*$/gm)].map(([row, kind]) => ({
  kind: kind as string,
  cells: row.split('|').map((cell) => cell.trim()),
}));

test('each kind of key has one row, and no row is about a kind that is none', () => {
  const made = kinds(read(`${SOURCES}/protocol/keys.ts`), /`\$\{this\.tag\}:(\w+)/g);
  expect(made.length).toBeGreaterThan(30);
  expect(rows.map(({ kind }) => kind).toSorted()).toEqual(made);
});

test.each(rows)('of $kind the type, the content and the life are said', ({ cells }) => {
  expect(cells.slice(2, 5).filter((cell) => cell === '')).toEqual([]);
});

test('each flag of a header line has a row', () => {
  const source = read(`${SOURCES}/protocol/header.ts`);
  const flags = kinds(source, /flag(?: === |\.startsWith\()'(\w+=?)'/g);
  expect(flags.length).toBeGreaterThan(4);
  expect(flags.filter((flag) => !page.includes(`\n| \`${flag}`))).toEqual([]);
});
