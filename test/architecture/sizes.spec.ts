import { join } from 'node:path';
import { isCore } from './floors.js';
import { filesUnder, read, ROOT, SOURCES } from './source-tree.js';

/** Small enough to be read in one go; a longer file holds a second idea. */
const MAX_FILE = 300;
/**
 * Statements that each folder of the core may have (docs/decisions/0013-core-size.md). A folder that
 * reaches its budget holds two ideas, or something that belongs into an extra.
 */
const BUDGETS: Readonly<Record<string, number>> = {
  'engine/consumer': 6510,
  'engine/diagnostics': 220,
  'engine/producer': 2480,
  engine: 485,
  module: 60,
  nest: 3252,
  options: 1200,
  protocol: 1070,
  'redis/cluster': 300,
  'redis/lua': 450,
  'redis/operations': 3410,
  'redis/connections': 220,
  'redis/reading': 120,
  'redis/replicas': 200,
  redis: 1080,
};
const MAX_MEDIAN = 110;

const lines = (text: string) => text.split('\n').length - 1;
const core = filesUnder(SOURCES).filter(isCore);

/**
 * Lines that say something: no comments, which must not be discouraged, no imports, and none that the
 * formatter made of punctuation alone.
 */
function statements(file: string): number {
  const code = read(SOURCES, file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^(?:import|export) [^;]*? from [^;]*;\n/gm, '');
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('//') && /[^\s()[\]{};,]/.test(line)).length;
}

const sum = (files: readonly string[]) =>
  files.reduce((total, file) => total + statements(file), 0);

it.each(['libs', 'apps'])('has no file over 300 lines in %s', (folder) => {
  const long = filesUnder(join(ROOT, folder)).filter(
    (file) => lines(read(ROOT, folder, file)) > MAX_FILE,
  );
  expect(long).toEqual([]);
});

/** The folder whose budget a file draws on: the longest that is named. */
function budgetOf(file: string): string | undefined {
  return Object.keys(BUDGETS).find((folder) => file.startsWith(`${folder}/`));
}

it.each(Object.entries(BUDGETS))('keeps %s within %i statements', (folder, budget) => {
  const used = sum(core.filter((file) => budgetOf(file) === folder));
  expect(used).toBeGreaterThan(0);
  expect(used).toBeLessThanOrEqual(budget);
});

it('has a budget for every folder of the core', () => {
  const inNoFolder = ['errors.ts', 'index.ts', 'thrown.ts'];
  expect(core.filter((file) => budgetOf(file) === undefined)).toEqual(inNoFolder);
});

it('keeps half of the files within 110 lines', () => {
  const sorted = core
    .map((file) => lines(read(SOURCES, file)))
    .toSorted((one, other) => one - other);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MAX_MEDIAN);
});
