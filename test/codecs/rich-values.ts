import fc from 'fast-check';

/** Keys that look like tags of rich JSON, or like members of objects, are met often. */
const key = fc
  .oneof(
    fc.string(),
    fc.constantFrom(
      '$date',
      '$bytes',
      '$map',
      '$set',
      '$$date',
      '$',
      '$$',
      '$undefined',
      '$number',
      'constructor',
    ),
  )
  .filter((text) => text !== '__proto__');

/** Values of every type that the rich codecs carry, nested in each other. */
export const { value: richValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.date({ noInvalidDate: true }),
      fc.bigInt(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));
