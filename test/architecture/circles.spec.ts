import { join, posix } from 'node:path';
import { circlesOf, type Graph } from './circles.js';
import { filesUnder, read, ROOT, specifiersOf } from './source-tree.js';

const FOLDERS = ['libs', 'apps', 'test', 'tools', 'scripts', 'bench', 'chaos', 'examples'];
const files = FOLDERS.flatMap((folder) =>
  filesUnder(join(ROOT, folder)).map((file) => posix.join(folder, file)),
);

/** Imports between the files of the repository; those of types count as well. */
function importGraph(): Graph {
  const known = new Set(files);
  const importsFrom = (file: string): string[] =>
    specifiersOf(read(ROOT, file))
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.normalize(posix.join(posix.dirname(file), specifier)))
      .map((target) => target.replace(/\.js$/, '.ts'))
      .filter((target) => known.has(target));
  return new Map(files.map((file) => [file, importsFrom(file)]));
}

it.each(FOLDERS)('looks into %s', (folder) => {
  expect(files.some((file) => file.startsWith(`${folder}/`))).toBe(true);
});

it('finds no circle of files, not even of types', () => {
  const imports = importGraph();
  expect([...imports.values()].flat().length).toBeGreaterThan(files.length);
  expect(circlesOf(imports)).toEqual([]);
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
    const targets = specifiersOf(text).map((specifier) => specifier.slice(2).replace('.js', '.ts'));
    return [file, targets] as const;
  });
  expect(circlesOf(new Map(graph))).toEqual([['a.ts', 'b.ts']]);
});
