import { join, posix } from 'node:path';
import { circlesOf, type Graph } from './circles.js';
import { filesUnder, importsOf, read, ROOT } from './source-tree.js';

/** Imports between the files of a folder; those of types count as well. */
function graphOf(folder: string): Graph {
  const files = filesUnder(join(ROOT, folder));
  const known = new Set(files);
  const importsFrom = (file: string): string[] =>
    importsOf(read(ROOT, folder, file))
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => posix.normalize(posix.join(posix.dirname(file), specifier)))
      .map((target) => target.replace(/\.js$/, '.ts'))
      .filter((target) => known.has(target));
  return new Map(files.map((file) => [file, importsFrom(file)]));
}

it.each(['libs', 'apps', 'test'])('has no circle of files in %s, not even of types', (folder) => {
  const graph = graphOf(folder);
  expect([...graph.values()].flat().length).toBeGreaterThan(0);
  expect(circlesOf(graph)).toEqual([]);
});

it('would see a circle of two, one of three and one that is reached from outside', () => {
  const graph = {
    outside: ['a', 'one'],
    a: ['b', 'leaf'],
    b: ['a', 'c', 'leaf'],
    c: ['leaf'],
    one: ['two'],
    two: ['three'],
    three: ['one', 'c'],
    leaf: [],
  };
  const circles = circlesOf(new Map(Object.entries(graph)));
  expect(circles.toSorted()).toEqual([
    ['a', 'b'],
    ['one', 'three', 'two'],
  ]);
});

it('would see a circle that only types make', () => {
  const texts = {
    'a.ts': "import type { B } from './b.js'; export type A = B;",
    'b.ts': "export interface B { readonly a: import('./a.js').A }",
  };
  const graph = Object.entries(texts).map(([file, text]) => {
    const targets = importsOf(text).map(({ specifier }) =>
      specifier.slice(2).replace('.js', '.ts'),
    );
    return [file, targets] as const;
  });
  expect(circlesOf(new Map(graph))).toEqual([['a.ts', 'b.ts']]);
});
