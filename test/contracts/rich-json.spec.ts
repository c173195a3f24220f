import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Type } from 'class-transformer';
import { IsDate, IsInstance, IsInt, ValidateNested } from 'class-validator';
import { fromRich, toRich } from '../../libs/redis-stream-transport/src/contracts/index.js';
import { decode, encode } from '../../libs/redis-stream-transport/src/msgpack/codec.js';
import { richValue } from '../codecs/rich-values.js';
import { checkOf } from '../../libs/redis-stream-transport/src/contracts/validate/value-check.js';

/** The way over the wire. */
const travel = (value: unknown): unknown => fromRich(JSON.parse(JSON.stringify(toRich(value))));

test('A5 ten thousand values survive the way there and back', () => {
  fc.assert(
    fc.property(richValue, (value) => {
      // Not `toStrictEqual`, which asks values for their `constructor`, a name as good as any.
      expect(isDeepStrictEqual(travel(value), value)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});

test('plain data is not touched', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      // The only plain data that is changed: a lone key with a dollar, and what JSON itself changes.
      fc.pre(!text.includes('"$') && !Object.is(value, -0) && !text.includes('__proto__'));
      expect(JSON.stringify(toRich(JSON.parse(text)))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
  const plain = { a: [1, 'x', { b: null }], $a: 1, $b: 2 };
  expect(toRich(plain)).toBe(plain);
  expect(fromRich(plain)).toBe(plain);
});

test('every tag is as documented', () => {
  expect(toRich(new Date(0))).toEqual({ $date: '1970-01-01T00:00:00.000Z' });
  expect(toRich(new Date(Number.NaN))).toEqual({ $date: null });
  expect(toRich(Buffer.from('hi'))).toEqual({ $bytes: 'aGk=' });
  expect(toRich(new Uint8Array([255]))).toEqual({ $bytes: '/w==' });
  expect(toRich(10n ** 20n)).toEqual({ $bigint: '100000000000000000000' });
  expect(toRich([Number.NaN, -0, Number.POSITIVE_INFINITY])).toEqual([
    { $number: 'NaN' },
    { $number: '-0' },
    { $number: 'Infinity' },
  ]);
  expect(toRich([undefined])).toEqual([{ $undefined: true }]);
  expect(toRich(new Map([[1, 'a']]))).toEqual({ $map: [[1, 'a']] });
  expect(toRich(new Set([1]))).toEqual({ $set: [1] });
  expect(toRich({ $date: 1 })).toEqual({ $$date: 1 });
  expect(toRich({ $$x: 1 })).toEqual({ $$$x: 1 });
  expect(toRich({ $date: 1, more: undefined })).toEqual({ $$date: 1 });
  expect(toRich({ a: undefined, b: () => 1 })).toEqual({});
  expect(toRich({ toJSON: () => ({ $date: 1 }) })).toEqual({ $$date: 1 });
  expect(toRich(undefined)).toBeUndefined();
});

test('a date that is none stays none', () => {
  expect((travel([new Date(Number.NaN)]) as [Date])[0].getTime()).toBeNaN();
});

test('unknown tags are data', () => {
  expect(fromRich({ $ref: '#/a' })).toEqual({ $ref: '#/a' });
});

test.each([
  { $date: 5 },
  { $date: 'today' },
  { $bytes: 'a' },
  { $bytes: '?' },
  { $bigint: '1.5' },
  { $bigint: '1'.repeat(10_001) },
  { $number: 5 },
  { $undefined: false },
  { $map: [[1]] },
  { $set: 1 },
  JSON.parse('{"__proto__":{"a":{"$set":[]}}}') as object,
])('what cannot be read is refused', (value) => {
  expect(() => fromRich([value])).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }));
});

test.each([
  [() => 1],
  [Symbol('s')],
  [new Float64Array(1)],
  [10n ** 10_001n],
  [JSON.parse('{"__proto__":1}') as object],
])('what cannot be written is refused', (value) => {
  expect(() => toRich([value])).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }));
});

class Inner {
  @IsInt() n!: number;
  @IsDate() at!: Date;
}

class Outer {
  @IsInstance(Buffer) bytes!: Buffer;
  @IsInstance(Map) map!: Map<unknown, unknown>;
  @IsInstance(Set) set!: Set<unknown>;
  big!: bigint;
  list!: unknown[];
  @ValidateNested() @Type(() => Inner) inner!: Inner;
  @ValidateNested({ each: true }) @Type(() => Inner) many!: Inner[];
  @ValidateNested({ each: true }) @Type(() => Inner) named!: Map<string, Inner>;
  @ValidateNested({ each: true }) @Type(() => Inner) some!: Set<Inner>;
}

test.each([
  ['JSON', 10_000, travel],
  ['MessagePack', 10_000, (value: unknown) => (decode(encode([value])) as [unknown])[0]],
  ['both', 1_000, (value: unknown) => fromRich((decode(encode([toRich(value)])) as [unknown])[0])],
])('A5 nested classes survive too: %s', { timeout: 120_000 }, async (_name, numRuns, carry) => {
  const inner = fc.record({ n: fc.integer(), at: fc.date({ noInvalidDate: true }) });
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.bigInt());
  const outer = fc.record({
    bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    map: fc.array(fc.tuple(scalar, scalar)).map((pairs) => new Map(pairs)),
    set: fc.array(scalar).map((items) => new Set(items)),
    big: fc.bigInt(),
    list: fc.array(fc.oneof(scalar, fc.constant(undefined), fc.date({ noInvalidDate: true }))),
    inner,
    many: fc.array(inner, { maxLength: 3 }),
  });
  const instance = (one: { n: number; at: Date }) => Object.assign(new Inner(), one);
  const check = checkOf({ kind: 'dto', dto: Outer }, {});
  await fc.assert(
    fc.asyncProperty(outer, async (plain) => {
      const value = Object.assign(new Outer(), plain, {
        inner: instance(plain.inner),
        many: plain.many.map(instance),
        named: new Map(plain.many.map((one) => [String(one.n), instance(one)])),
        some: new Set(plain.many.map(instance)),
      });
      const violations: never[] = [];
      expect(await check(carry(value), 'outer', violations)).toStrictEqual(value);
      expect(violations).toEqual([]);
    }),
    { numRuns },
  );
});
