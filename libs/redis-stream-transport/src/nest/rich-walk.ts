import { MAX_DEPTH } from '../protocol/limits.js';

/** What a codec writes in place of the values that its own format cannot say. */
export interface RichWords {
  /** Stands for undefined in a list. A property that is undefined is left out, as in JSON. */
  readonly nothing: object;
  number(value: number): unknown;
  bigint(value: bigint): unknown;
  date(value: Date): unknown;
  bytes(value: Uint8Array): unknown;
  /** @param depth of the lists and objects around it */
  map(value: ReadonlyMap<unknown, unknown>, depth: number): unknown;
  /** @param items its values, written */
  set(items: readonly unknown[]): unknown;
  /**
   * @param written the object, or a copy of it with the properties that are written; those that are undefined are
   * for the format to leave out
   * @param kept how many properties are not left out
   * @param last the name of the last of them
   */
  properties(written: Readonly<Record<string, unknown>>, kept: number, last: string): unknown;
  /** The error for what cannot be carried. */
  unfit(reason: string): Error;
}

/** Digits of a bigint that are carried: to read one takes the square of its length. */
export const MAX_DIGITS = 10_000;

/**
 * A value in the words of a codec: the one rule of what may be sent, for every codec that carries more than JSON
 * does. Data that the format can say is not copied. As in JSON, properties that are undefined or functions are left
 * out, and `toJSON` is asked once.
 * @param depth of the lists and objects around it
 * @throws what `words.unfit` makes
 */
export function writeRich(value: unknown, depth: number, words: RichWords): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : words.number(value);
    case 'bigint':
      return words.bigint(value);
    case 'undefined':
      return words.nothing;
    case 'object':
      return value === null ? null : writeObject(value, depth, words);
    default:
      throw words.unfit(`a ${typeof value} cannot be sent`);
  }
}

/** @param depth of the lists and objects around the list */
export function writeItems(
  items: readonly unknown[],
  depth: number,
  words: RichWords,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const written = writeRich(item, depth + 1, words);
    if (copy === undefined && written !== item) copy = items.slice(0, i);
    copy?.push(written);
  }
  return copy ?? items;
}

/** The decimal digits of a bigint. */
export function digitsOf(value: bigint, words: Pick<RichWords, 'unfit'>): string {
  const digits = String(value);
  if (digits.length > MAX_DIGITS) throw words.unfit(`a bigint of more than ${MAX_DIGITS} digits`);
  return digits;
}

/** @param asked the value is what `toJSON` gave, and is not asked again: it may have given itself */
function writeObject(value: object, depth: number, words: RichWords, asked = false): unknown {
  // Readers refuse what is deeper; a cycle is endlessly deep.
  if (depth >= MAX_DEPTH) throw words.unfit(`nesting deeper than ${MAX_DEPTH}, or a cycle`);
  if (Array.isArray(value)) return writeItems(value, depth, words);
  if (value instanceof Date) return words.date(value);
  if (value instanceof Uint8Array) return words.bytes(value);
  if (value instanceof Map) return words.map(value, depth);
  if (value instanceof Set) return words.set(writeItems([...value], depth, words));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw words.unfit(`${value.constructor.name} cannot be sent; a Buffer can`);
  }
  if (!asked && 'toJSON' in value && typeof value.toJSON === 'function') {
    const answer = (value.toJSON as (key: string) => unknown)('');
    return typeof answer === 'object' && answer !== null
      ? writeObject(answer, depth, words, true)
      : writeRich(answer, depth, words);
  }
  return writeProperties(value as Readonly<Record<string, unknown>>, depth, words);
}

function writeProperties(
  value: Readonly<Record<string, unknown>>,
  depth: number,
  words: RichWords,
): unknown {
  let copy: Record<string, unknown> | undefined;
  let kept = 0;
  let last = '';
  const keys = Object.keys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (key === '__proto__') throw words.unfit('a __proto__ key cannot be sent');
    const property = value[key];
    // The format leaves it out by itself.
    if (property === undefined) continue;
    const isFunction = typeof property === 'function';
    const written = isFunction ? words.nothing : writeRich(property, depth + 1, words);
    if (copy === undefined && written !== property) {
      // Not an object of the same class, which may have setters.
      copy = {};
      for (const before of keys.slice(0, i)) copy[before] = value[before];
    }
    if (written === words.nothing) continue;
    kept++;
    last = key;
    if (copy !== undefined) copy[key] = written;
  }
  return words.properties(copy ?? value, kept, last);
}
