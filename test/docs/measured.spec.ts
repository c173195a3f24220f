import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { documents, marksOf, unmarkedSections } from '../../scripts/measured.js';
import { read, ROOT } from './documents.js';

// `npm run measured` says whether the code has changed since. Here it is seen that there is something to ask.

test.each(documents())(
  '%s says of every measured figure at which commit it was measured',
  (page) => {
    expect(unmarkedSections(read(page))).toEqual([]);
  },
);

test('what figures depend on exists', () => {
  const paths = documents().flatMap((page) =>
    marksOf(read(page)).flatMap((mark) => mark.paths ?? []),
  );
  expect(paths).not.toEqual([]);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

describe('a measured figure', () => {
  it('is found where no mark stands in its section or the one around it', () => {
    const text =
      '# Page\n\n## One\n\nMeasured: 5 ms.\n\n## Two\n\n### In two\n\nIt took 7 ms (measured).\n';
    expect(unmarkedSections(text)).toEqual(['## One', '### In two']);
    expect(
      unmarkedSections(text.replace('## Two', '## Two\n\n<!-- measured at 1234567; of a b -->')),
    ).toEqual(['## One']);
  });

  it('has a commit, and what it depends on unless it is a record', () => {
    expect(
      marksOf('<!-- measured at 1234567; of a b/c -->\n<!-- measured at 89abcde; a record -->'),
    ).toEqual([
      { line: 1, commit: '1234567', paths: ['a', 'b/c'] },
      { line: 2, commit: '89abcde', paths: undefined },
    ]);
  });
});
