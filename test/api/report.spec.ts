import { reportsOf } from '../../scripts/api/report.js';

/** The reports of two entries, `a` and `b`, over these declaration files. */
function reported(files: Readonly<Record<string, string>>) {
  const entries = ['a', 'b'].map((name) => ({ name: `package/${name}`, file: `${name}.d.ts` }));
  const [a, b] = reportsOf(new Map(Object.entries({ 'b.d.ts': 'export {};', ...files })), entries);
  return { a: lines(a?.text), b: lines(b?.text), unexported: a?.unexported };
}
const lines = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

it('has exports by name, sorted, whatever file they are in', () => {
  const { a } = reported({
    'a.d.ts': "export { two as second } from './deep/two.js'; export declare const first: 1;",
    'deep/two.d.ts': 'export declare function two(a: string): void; export declare const other: 3;',
  });
  expect(a).toEqual([
    'export declare const first: 1;',
    'declare function two(a: string): void;',
    'export { two as second };',
  ]);
});

it('follows what is named, through files and in circles', () => {
  const { a, unexported } = reported({
    'a.d.ts': "import type { B } from './deep/two.js'; export interface A { b: B }",
    'deep/two.d.ts': "export interface B { c: import('../three.js').C }",
    'three.d.ts': "import type { B } from './deep/two.js'; export type C = B[] | undefined;",
  });
  expect(a.join(' ')).toBe(
    'export interface A { b: B; } // Named above, and not exported. ' +
      'interface B { c: C; } type C = B[] | undefined;',
  );
  expect(unexported).toEqual(['B', 'C']);
});

it('imports what packages and other entries have', () => {
  const { a, unexported } = reported({
    'a.d.ts':
      "import type { Observable } from 'rxjs'; import type { B } from './two.js';\n" +
      'export type A = Observable<B>;',
    'b.d.ts': "export { B as Renamed } from './two.js';",
    'two.d.ts': 'export interface B { d: 1 }',
  });
  expect(a).toEqual([
    "import type { Renamed } from 'package/b';",
    "import type { Observable } from 'rxjs';",
    'export type A = Observable<B>;',
  ]);
  expect(unexported).toEqual([]);
});

it('leaves out comments and private members, and keeps overloads', () => {
  const { a } = reported({
    'a.d.ts': `
      /** Speaks. */
      export declare class A {
        #private;
        private readonly b;
        /** Loud. */
        protected c: number;
        constructor(d: string);
      }
      export declare function e(f: 1): 1;
      export declare function e(f: 2): 2;`,
  });
  expect(a.join(' ')).toBe(
    'export declare class A { protected c: number; constructor(d: string); } ' +
      'export declare function e(f: 1): 1; export declare function e(f: 2): 2;',
  );
});
