import { join } from 'node:path';
import { isCore } from './floors.js';
import { filesUnder, read, ROOT, SOURCES } from './source-tree.js';

/** Small enough to be read in one go; a longer file holds a second idea. */
const MAX_FILE = 300;
/** What a maintainer can keep in mind, extras not counted. */
const MAX_CORE = 6000;
const MAX_MEDIAN = 110;

const lines = (text: string) => text.split('\n').length - 1;
const core = filesUnder(SOURCES)
  .filter(isCore)
  .map((file) => lines(read(SOURCES, file)));

it.each(['libs', 'apps'])('has no file over 300 lines in %s', (folder) => {
  const long = filesUnder(join(ROOT, folder)).filter(
    (file) => lines(read(ROOT, folder, file)) > MAX_FILE,
  );
  expect(long).toEqual([]);
});

it('keeps the core within 6,000 lines', () => {
  expect(core.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(MAX_CORE);
});

it('keeps half of the files within 110 lines', () => {
  const sorted = core.toSorted((one, other) => one - other);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MAX_MEDIAN);
});
