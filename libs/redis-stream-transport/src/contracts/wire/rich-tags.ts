import { MAX_DIGITS } from '../../nest/rich-walk.js';

export type TagRead =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly wanted: string };

type Tag = (held: unknown, read: (value: unknown) => unknown) => TagRead;

const read = (value: unknown): TagRead => ({ ok: true, value });
const wanted = (text: string): TagRead => ({ ok: false, wanted: text });

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

/** How each tag is read: from what it holds, and with the reader for values within. */
export const TAGS: ReadonlyMap<string, Tag> = new Map<string, Tag>([
  [
    '$date',
    (held) => {
      if (held === null) return read(new Date(Number.NaN));
      const date = new Date(typeof held === 'string' ? held : Number.NaN);
      return Number.isNaN(date.getTime()) ? wanted('an ISO 8601 instant or null') : read(date);
    },
  ],
  [
    '$bytes',
    (held) =>
      typeof held === 'string' && held.length % 4 === 0 && BASE64.test(held)
        ? read(Buffer.from(held, 'base64'))
        : wanted('base64'),
  ],
  [
    '$bigint',
    (held) =>
      typeof held === 'string' && held.length <= MAX_DIGITS && /^-?\d+$/.test(held)
        ? read(BigInt(held))
        : wanted(`a whole number of at most ${MAX_DIGITS} digits, as text`),
  ],
  [
    '$number',
    (held) => {
      const number = NUMBERS.get(held);
      return number === undefined ? wanted('"NaN", "Infinity", "-Infinity" or "-0"') : read(number);
    },
  ],
  ['$undefined', (held) => (held === true ? read(undefined) : wanted('true'))],
  [
    '$map',
    (held, inner) => {
      if (!Array.isArray(held) || !held.every((pair) => Array.isArray(pair) && pair.length === 2)) {
        return wanted('a list of pairs');
      }
      const pairs = held as readonly (readonly [unknown, unknown])[];
      return read(new Map(pairs.map(([key, value]) => [inner(key), inner(value)])));
    },
  ],
  [
    '$set',
    (held, inner) =>
      Array.isArray(held) ? read(new Set(held.map((item) => inner(item)))) : wanted('a list'),
  ],
]);
