import fc from 'fast-check';

/** Texts that each reader is given: 2,000 in the suite, `READER_TEXTS=100000` for a long look. */
export const TEXTS = Number(process.env['READER_TEXTS'] ?? 2000);
export const LONG = TEXTS > 2000;
/** Milliseconds for one test of them, a hundred times what it takes. */
export const TIME = Math.max(60_000, TEXTS * 20);

/** Any characters, halves of them too. */
const characters = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.array(fc.nat(0xffff), { maxLength: 30 }).map((codes) => String.fromCharCode(...codes)),
);

const HOSTILE = [
  '{"__proto__":{"admin":true}}',
  String.raw`{"\u005f_proto__":1}`,
  '[null]',
  '[[]]',
  '[5]',
  '1e999',
  '{"toJSON":1,"toString":2,"valueOf":3,"then":4}',
  '"\\ud800"',
  '[' + '['.repeat(5000) + ']'.repeat(5000) + ']',
  '{"a":'.repeat(3000) + '1' + '}'.repeat(3000),
];

export const json = fc.oneof(
  { weight: 6, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
);

/** A whole text, the beginning of one, or none of any kind. */
export const text = fc.oneof(
  { weight: 3, arbitrary: json },
  { weight: 3, arbitrary: characters },
  {
    weight: 1,
    arbitrary: fc.tuple(json, fc.nat()).map(([whole, at]) => whole.slice(0, at % whole.length)),
  },
);

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, [], {}, -1, 0.5, 1e308, '', '__proto__', [[]], { length: 5 }),
  characters,
);

/** What is right but for some places, in which stands anything. */
export function spoilt(right: unknown): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.array(fc.nat(12), { maxLength: 7 }), anything);
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce<unknown>((value, [path, junk]) => replaced(value, path, junk), right),
    );
}

function replaced(value: unknown, [first, ...rest]: readonly number[], junk: unknown): unknown {
  if (typeof value !== 'object' || value === null || first === undefined) return junk;
  const names = Object.keys(value);
  const name = names[first % (names.length + 1)];
  if (name === undefined) return junk;
  const held = replaced((value as Record<string, unknown>)[name], rest, junk);
  return Array.isArray(value)
    ? value.map((item: unknown, i) => (String(i) === name ? held : item))
    : { ...value, [name]: held };
}

/** Everything that a command may answer, and more. */
export const answer: fc.Arbitrary<unknown> = fc.oneof(
  anything,
  text,
  fc.array(fc.oneof(text, fc.constantFrom('ok', 'stored', '1-1', '0', 'conflict')), {
    maxLength: 8,
  }),
  spoilt(['ok', [['1-1', ['c', '1 json - - 0', 'd', '1']]], ['1'], ['5 1 0,1']]),
  spoilt([['stream', [['1-1', ['f', '1 x []', 'b', '1']]]]]),
  spoilt([['1-1', ['f', '1 x []', 'b', '1']]]),
);

/** Checks a reader with every text; it says where it fails. */
export function holdsFor<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(
    fc.property(arbitrary, (value) => check(value)),
    { numRuns: TEXTS },
  );
}

export async function holdsLaterFor<T>(
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  numRuns = TEXTS,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, (value) => check(value)),
    { numRuns },
  );
}
