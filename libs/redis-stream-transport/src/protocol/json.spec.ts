import fc from 'fast-check';
import { hostile, readJson } from './json.js';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** A text in which some letters are spelt as escapes. */
const escaped = (text: string, which: readonly boolean[]): string =>
  Array.from(text)
    .map((letter, i) =>
      which[i] ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
    )
    .join('');

const garbage = fc
  .uint8Array({ maxLength: 600 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('JSON from outside', () => {
  it('is read as it was written', () => {
    fc.assert(
      // What has the one forbidden key is the next test's business.
      fc.property(
        fc.json({ maxDepth: 5 }).filter((text) => !text.includes('__proto__')),
        (text) => {
          expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
        },
      ),
    );
  });

  it('has no key that sets a prototype, however it is spelt', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }), (which) => {
        const text = `{"a":[{"${escaped('__proto__', which)}" \n: {"admin":true}}]}`;
        expect(JSON.parse(text)).toBeDefined();
        expect(readJson(text)).toEqual({ ok: false, reason: 'a __proto__ key' });
      }),
    );
  });

  it.each([
    '"__proto__"',
    '["__proto__"]',
    '{"a":"__proto__"}',
    '{"__proto":1,"proto__":2}',
    '{"constructor":{"prototype":1}}',
    String.raw`{"a":"\u005f_proto__"}`,
  ])('%s is ordinary data', (text) => {
    expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
  });

  it('is at most 64 levels deep', () => {
    expect(readJson(nested(64)).ok).toBe(true);
    expect(readJson(nested(65))).toEqual({ ok: false, reason: 'nesting deeper than 64' });
    expect(readJson('{"a":'.repeat(65) + '1' + '}'.repeat(65)).ok).toBe(false);
    expect(readJson(nested(200_000)).ok).toBe(false);
  });

  it('may have many brackets side by side, and in texts', () => {
    const wide = JSON.stringify(Array.from({ length: 500 }, () => [{}]));
    expect(readJson(wide).ok).toBe(true);
    expect(readJson(JSON.stringify('['.repeat(500))).ok).toBe(true);
    expect(readJson(JSON.stringify({ a: `\\"${'{['.repeat(200)}` })).ok).toBe(true);
  });

  it('is never thrown over', () => {
    fc.assert(
      fc.property(garbage, (text) => {
        expect(typeof readJson(text).ok).toBe('boolean');
      }),
    );
    expect(readJson('')).toEqual({ ok: false, reason: 'not JSON' });
  });
});

describe('a value on its way out', () => {
  const nestedIn = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
  const check = (value: unknown) => hostile(JSON.stringify(value), value);

  it('is refused for what a reader would refuse', () => {
    expect(check(nestedIn(64))).toBeUndefined();
    expect(check(nestedIn(65))).toBe('nesting deeper than 64');
    expect(check(JSON.parse('{"__proto__":1}'))).toBe('a __proto__ key');
  });

  it('is judged by its text where it has a toJSON', () => {
    const deepInside = { hidden: nestedIn(100), toJSON: () => ['x'.repeat(200)] };
    expect(check({ deepInside })).toBeUndefined();
    const deepOutside = { toJSON: () => nestedIn(100) };
    expect(check({ deepOutside })).toBe('nesting deeper than 64');
  });
});
