import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { decode, encode } from '../../libs/redis-stream-transport/src/msgpack/codec.js';
import { parse } from '../../libs/redis-stream-transport/src/nest/packets.js';
import { richValue } from './rich-values.js';

// Rich JSON has its ten thousand in test/contracts/rich-json.spec.ts.

/** The way over the wire: bytes travel as base64. */
const travel = (value: unknown): unknown => {
  const text = Buffer.from(encode([value])).toString('base64');
  return (decode(Buffer.from(text, 'base64')) as [unknown])[0];
};

test('A5 ten thousand plain values survive JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      // Refused on purpose.
      fc.pre(!text.includes('"__proto__"'));
      expect(JSON.stringify(parse(text))).toBe(text);
    }),
    { numRuns: 10_000 },
  );
});

test('A5 ten thousand values survive MessagePack', () => {
  fc.assert(
    fc.property(richValue, (value) => {
      expect(isDeepStrictEqual(travel(value), value)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});

test('what JSON has no word for arrives as it is', () => {
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  const values = [undefined, -0, Number.NaN, Number.NEGATIVE_INFINITY, [undefined, null], 2 ** 60];
  expect(travel(values)).toStrictEqual(values);
  expect(travel(sparse)).toStrictEqual([1, undefined, 3]);
  expect((travel(new Date(Number.NaN)) as Date).getTime()).toBeNaN();
  expect(travel(new Date(-8.64e15))).toStrictEqual(new Date(-8.64e15));
  expect(travel(10n ** 400n)).toBe(10n ** 400n);
  expect(travel(new Uint8Array([1, 2]))).toStrictEqual(Buffer.from([1, 2]));
  expect(travel({ a: undefined, b: () => 1, c: 1 })).toStrictEqual({ c: 1 });
  expect(travel({ toJSON: () => new Map([['a', 1n]]) })).toStrictEqual(new Map([['a', 1n]]));
  class Point {
    constructor(readonly x: number) {}
    get twice(): number {
      return this.x * 2;
    }
  }
  expect(travel(new Point(-0))).toStrictEqual({ x: -0 });
});

test('what is given is not changed', () => {
  const given = { list: [undefined, -0], map: new Map([[{ a: undefined }, new Set([-0])]]) };
  const copy = structuredClone(given);
  encode([given]);
  expect(given).toStrictEqual(copy);
});

const nested = (levels: number): unknown => {
  let value: unknown = [];
  for (let i = 1; i < levels; i++) value = i % 2 === 0 ? { value } : [value];
  return value;
};

test('64 levels can be carried, as in JSON, and not one more', () => {
  expect(travel(nested(64))).toStrictEqual(nested(64));
  expect(() => encode([nested(65)])).toThrow('deeper than 64');
  const cycle: unknown[] = [];
  cycle.push(cycle);
  expect(() => encode([cycle])).toThrow('cycle');
});

test.each([
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['other views', new Float64Array(1)],
  ['a bigint without end', 10n ** 10_001n],
  ['a key that is a trap', JSON.parse('{"__proto__":1}')],
])('%s cannot be written', (_name, value) => {
  expect(() => encode([value])).toThrow();
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test.each([
  ['nothing', ''],
  ['a list that ends too early', '93 01'],
  ['a list that claims to be endless', 'dd ff ff ff ff'],
  ['an object that claims to be endless', 'df ff ff ff ff a0'],
  ['bytes that end too early', 'c6 00 00 00 09 01'],
  ['a length that ends too early', 'da 00'],
  ['two values', '01 01'],
  ['a byte that begins nothing', 'c1'],
  ['an unknown extension', 'd4 09 00'],
  ['an extension that ends too early', 'd8 01 00'],
  ['a Map that holds no list', 'c7 01 02 01'],
  ['a Map with a lone key', 'c7 02 02 91 01'],
  ['a Map with more behind its list', 'c7 02 02 90 01'],
  ['a bigint that is none', 'c7 01 01 78'],
  ['a single value that is not known', 'd4 00 07'],
  ['a key that is a trap', '81 a9 5f 5f 70 72 6f 74 6f 5f 5f 01'],
  ['lists in lists without end', '91'.repeat(1_000_000)],
  ['Maps in Maps', mapsInMaps(80)],
])('%s is refused', (_name, bytes) => {
  expect(() => decode(hex(bytes))).toThrow();
});

function mapsInMaps(levels: number): string {
  let text = '90';
  for (let i = 0; i < levels; i++) {
    const size = (text.length / 2 + 2).toString(16).padStart(4, '0');
    text = `c8${size}029201${text}`;
  }
  return text;
}

test('strange bytes are refused or read, and cost no more than they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 20_000 },
  );
});

test('the form is as documented', () => {
  const written = (value: unknown): string => Buffer.from(encode([value])).toString('hex');
  expect(written(undefined)).toBe('91d40000');
  expect(written(-0)).toBe('91d40001');
  expect(written(new Date(Number.NaN))).toBe('91d40002');
  expect(written(new Date(1000))).toBe('91d6ff00000001');
  expect(written(-12n)).toBe(`91c70301${Buffer.from('-12').toString('hex')}`);
  expect(written(new Map([[1, 2]]))).toBe('91c70302920102');
  expect(written(new Set([1]))).toBe('91d5039101');
  expect(written(Buffer.from([7]))).toBe('91c40107');
});
