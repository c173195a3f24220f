import { join } from 'node:path';
import { isCore } from './floors.js';
import { filesUnder, read, ROOT, SOURCES } from './source-tree.js';

/** Small enough to be read in one go; a longer file holds a second idea. */
const MAX_FILE = 300;
/** What a maintainer can keep in mind (docs/decisions/0013-core-size.md). */
const MAX_CORE = 6900;
const MAX_SCRIPTS = 900;
const MAX_MEDIAN = 110;

const lines = (text: string) => text.split('\n').length - 1;
const isScript = (file: string) => file.endsWith('.lua.ts');
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

it('keeps the core within 6,900 statements', () => {
  expect(sum(core.filter((file) => !isScript(file)))).toBeLessThanOrEqual(MAX_CORE);
});

it('keeps the scripts within 900 lines', () => {
  expect(sum(core.filter(isScript))).toBeLessThanOrEqual(MAX_SCRIPTS);
});

it('keeps half of the files within 110 lines', () => {
  const sorted = core
    .map((file) => lines(read(SOURCES, file)))
    .toSorted((one, other) => one - other);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MAX_MEDIAN);
});
