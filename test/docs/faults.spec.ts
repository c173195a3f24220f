import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect, say } from './raw.js';
import { read, ROOT } from './documents.js';
import { labelledRows, missingTests, strayLines } from './labelled-rows.js';

// docs/faults.md promises tests; here it is held to them.

const numbered = (letter: string, numbers: readonly number[]): string[] =>
  numbers.map((number) => `${letter}${number}`);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Rows of the catalogue; those of high availability that are missing come with their own work. */
const LABELS = [
  ...numbered('A', upTo(15)),
  ...numbered('B', upTo(12)),
  ...numbered('C', [1, 4, 5, 7]),
  ...numbered('D', upTo(8)),
  ...numbered('E', upTo(11)),
  ...numbered('F', upTo(10)),
  ...numbered('G', upTo(9)),
  ...numbered('H', [2, 3, 4, 5, 6]),
  ...numbered('I', upTo(4)),
  ...numbered('X', [1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 23, 25]),
  'N12',
];
/** Only these may be described instead of tested. */
const DOCUMENTED = ['B11'];

const rows = labelledRows('docs/faults.md');

test('every fault has one row', () => {
  expect(rows.map(({ label }) => label)).toEqual(LABELS);
});

test('every row but one names what shows it, and nothing else stands there', () => {
  const bare = rows.filter(({ tests, scenarios }) => tests.length + scenarios.length === 0);
  expect(bare.map(({ label }) => label)).toEqual(DOCUMENTED);
  expect(strayLines('docs/faults.md', rows)).toBe(0);
});

test.each(rows)('the tests and scenarios of $label exist', (row) => {
  expect(missingTests(row)).toEqual([]);
  const played = new Set(
    readdirSync(join(ROOT, 'chaos/scenarios')).map((file) => Number(/^s(\d+)/.exec(file)?.[1])),
  );
  expect(row.scenarios.filter((name) => !played.has(Number(name.slice(1))))).toEqual([]);
});

test('no script and no command is newer than Redis 7.0', async () => {
  const folders = ['redis', 'dead-letters', 'operate'].map((folder) =>
    join('libs/redis-stream-transport/src', folder),
  );
  const sources = folders.flatMap((folder) =>
    (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
      .filter((file) => file.endsWith('.ts'))
      .map((file) => read(join(folder, file))),
  );
  const used = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/(?:redis\.p?call|\.command)\(\s*'(\w+)'/g)].map(([, name]) =>
        name!.toLowerCase(),
      ),
    ),
  );
  expect(used.size).toBeGreaterThan(25);
  const redis = connect('any');
  for (const name of used) {
    const [, facts] = (await say(redis, `COMMAND DOCS ${name}`)) as [string, string[]];
    const since = facts[facts.indexOf('since') + 1] as string;
    const [major, minor] = since.split('.').map(Number) as [number, number];
    expect(major * 100 + minor, `${name} is there since ${since}`).toBeLessThanOrEqual(700);
  }
});
