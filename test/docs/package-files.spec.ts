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

test('the packed README is that of the repository, but for such links', () => {
  const text = read('README.md');
  const packedToo = new Set(packedFiles());
  const outside = [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)].filter(
    ([, target = '']) => !packedToo.has(target),
  ).length;
  expect(outside).toBeGreaterThan(0);
  const packed = packedPage('README.md', text);
  expect(packed.replaceAll(`${REPOSITORY}/`, '')).toBe(text);
  expect(packed.split(REPOSITORY)).toHaveLength(outside + 1);
});
