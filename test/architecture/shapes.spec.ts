import { shapesOf, type Hooks, type Shape } from './shapes.js';
import { filesUnder, read, SOURCES } from './source-tree.js';

/** A function longer than that does two things. */
const MAX_LINES = 60;
/** With more than that, the reader of a call counts commas: named parameters. */
const MAX_PARAMETERS = 4;
/** With more than that, the two parts are not apart. */
const MAX_HOOKS = 5;

const files = filesUnder(SOURCES).map((file) => ({ file, shapes: shapesOf(read(SOURCES, file)) }));

/** Everything of one kind, by file and name; of two of the same name in one file, the larger. */
function all(sized: (shapes: ReturnType<typeof shapesOf>) => readonly Shape[]) {
  const sizes = new Map<string, number>();
  for (const { file, shapes } of files) {
    for (const { name, size } of sized(shapes)) {
      const key = `${file} ${name}`;
      sizes.set(key, Math.max(size, sizes.get(key) ?? 0));
    }
  }
  return sizes;
}

const hooks = new Map(files.flatMap(({ shapes }) => shapes.hooks.map((one) => [one.name, one])));
const members = ({ size, bases }: Hooks): number =>
  bases.reduce((sum, base) => {
    const other = hooks.get(base);
    return other === undefined ? sum : sum + members(other);
  }, size);

const rules = [
  ['function', MAX_LINES, 'lines', all(({ lines }) => lines)],
  ['function', MAX_PARAMETERS, 'parameters', all(({ parameters }) => parameters)],
  [
    'interface of hooks',
    MAX_HOOKS,
    'members',
    all((shapes) => shapes.hooks.map((one) => ({ name: one.name, size: members(one) }))),
  ],
] as const;

it.each(rules)('no %s has more than %i %s', (_what, max, _unit, sizes) => {
  const larger = [...sizes].filter(([, size]) => size > max);
  expect(Object.fromEntries(larger)).toEqual({});
});

it('measures functions of every kind, and hooks with what they extend', () => {
  const text = `
    function one(a: number, b = 1, ...c: string[]) {
    }
    const two = (a: number) => a;
    class Three {
      constructor(private readonly a: number, b: number) {}
      get four() {
        return [1].map((each) => each);
      }
      five(this: Three, { a, b }: { a: 1; b: 2 }): void {}
    }
    interface SixHooks extends SevenHooks { a(): void; b: () => void }
    interface Owner { a: string }
    declare function eight(a: number): void;`;
  const { lines, parameters, hooks: found } = shapesOf(text);
  const shown = (shapes: readonly Shape[]) => shapes.map(({ name, size }) => `${name} ${size}`);
  expect(shown(lines)).toEqual([
    'one 2',
    'two 1',
    'Three.constructor 1',
    'Three.four 3',
    'Three.four.function 1',
    'Three.five 1',
  ]);
  expect(shown(parameters)).toEqual([
    'one 3',
    'two 1',
    'Three.constructor 2',
    'Three.four 0',
    'Three.four.function 1',
    'Three.five 1',
  ]);
  expect(found).toEqual([{ name: 'SixHooks', size: 2, bases: ['SevenHooks'] }]);
});
