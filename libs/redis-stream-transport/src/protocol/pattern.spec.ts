import * as fc from 'fast-check';
import { patternText } from './pattern.js';

describe('the text of a pattern', () => {
  it.each([
    ['orders.place', 'orders.place'],
    ['{"b":1}', '{"b":1}'],
    [7, '7'],
    [1e21, '1e+21'],
    [{ cmd: 'sum' }, '{"cmd":"sum"}'],
    [{ b: 1, a: { d: true, c: null } }, '{"a":{"c":null,"d":true},"b":1}'],
    // By code units: capitals first, whatever the language of the machine.
    [{ b: 1, a: 1, B: 1, ä: 1, Z: 1 }, '{"B":1,"Z":1,"a":1,"b":1,"ä":1}'],
    [{ topic: ['a', 'b'] }, '{"topic":["a","b"]}'],
    [{ left: undefined, kept: 'a"b\\' }, '{"kept":"a\\"b\\\\"}'],
  ])('of %j is %s', (pattern, text) => {
    expect(patternText(pattern)).toBe(text);
  });

  it('does not depend on the order in which keys were written, and is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (pattern) => {
        const turned = Object.fromEntries(Object.entries(pattern).toReversed());
        const textOf = (value: unknown): string | undefined => {
          try {
            return patternText(value);
          } catch {
            return undefined;
          }
        };
        const text = textOf(pattern);
        expect(textOf(turned)).toBe(text);
        if (text !== undefined)
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(pattern)));
      }),
    );
  });

  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  it.each([
    ['', 'it is empty'],
    ['x'.repeat(1025), 'it has 1025 characters'],
    [Number.NaN, 'NaN has no text'],
    [undefined, 'a undefined has no text'],
    [{ n: 1n }, 'a bigint has no text'],
    [{ f: () => 1 }, 'a function has no text'],
    [circle, 'deeper than 64'],
  ])('%s cannot be one', (pattern, told) => {
    expect(() => patternText(pattern)).toThrow(told);
  });
});
