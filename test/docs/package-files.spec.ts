import { packedFiles, packedPage } from '../../scripts/package-files.js';
import { read } from './documents.js';

const REPOSITORY = 'https://github.com/nestjs-redis-streams/nestjs-redis-streams/blob/main';

test('the tarball has the pages that people look for beside the code', () => {
  expect(packedFiles()).toEqual(
    expect.arrayContaining(['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/guarantees.md']),
  );
});

test('a link of a packed page leads to what is packed, or else to the repository', () => {
  const packed = new Set(['README.md', 'docs/options.md']);
  const page = '[a](options.md#record) [b](../CONTRIBUTING.md#set-up) [c](https://x.y) [d](#here)';
  expect(packedPage('docs/options.md', page, packed)).toBe(
    `[a](options.md#record) [b](${REPOSITORY}/CONTRIBUTING.md#set-up) [c](https://x.y) [d](#here)`,
  );
});

test('a picture, which is not packed, is shown from the repository', () => {
  const raw = REPOSITORY.replace('/blob/', '/raw/');
  expect(packedPage('docs/dashboard.md', '![it](images/dashboard-a.png)', new Set())).toBe(
    `![it](${raw}/docs/images/dashboard-a.png)`,
  );
});

test('the packed README is that of the repository, but for such links', () => {
  const text = read('README.md');
  const packedToo = new Set(packedFiles());
  const outside = [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)].filter(
    ([, target = '']) => !packedToo.has(target),
  ).length;
  expect(outside).toBeGreaterThan(0);
  const packed = packedPage('README.md', text);
  const shown = packed.replaceAll('/raw/main/', '/blob/main/');
  expect(shown.replaceAll(`${REPOSITORY}/`, '')).toBe(text);
  expect(shown.split(REPOSITORY)).toHaveLength(outside + 1);
});
