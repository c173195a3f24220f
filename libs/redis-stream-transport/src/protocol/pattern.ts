import { RedisStreamsError } from '../errors.js';
import { MAX_DEPTH, MAX_PATTERN_LENGTH } from './limits.js';

/**
 * The text of a pattern. This is part of the wire: programs in all languages must agree.
 *
 * A text stays as it is. Anything else becomes JSON in the canonical form of RFC 8785: without spaces, and with the
 * keys of objects in the order of their UTF-16 code units. So a number becomes its digits, and `{ cmd: 'sum' }`
 * becomes `{"cmd":"sum"}`.
 *
 * @throws RedisStreamsError INVALID_MESSAGE for what JSON has no text for, and for texts that are empty or
 * longer than 1,024 characters
 */
export function patternText(pattern: unknown): string {
  const text = typeof pattern === 'string' ? pattern : canonical(pattern, 0);
  if (text.length === 0) throw unfit('it is empty');
  if (text.length > MAX_PATTERN_LENGTH) {
    throw unfit(`it has ${text.length} characters, and may have ${MAX_PATTERN_LENGTH}`);
  }
  return text;
}

function canonical(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value);
      throw unfit(`${value} has no text in JSON`);
    case 'object':
      if (value === null) return 'null';
      // An object that contains itself is endlessly deep.
      if (depth >= MAX_DEPTH) throw unfit(`it is nested deeper than ${MAX_DEPTH}`);
      return Array.isArray(value) ? list(value, depth) : object(value, depth);
    default:
      throw unfit(`a ${typeof value} has no text in JSON`);
  }
}

function list(items: readonly unknown[], depth: number): string {
  return `[${Array.from(items, (item) => canonical(item, depth + 1)).join(',')}]`;
}

/** Properties that are undefined are left out, as in JSON. */
function object(value: object, depth: number): string {
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  // Sorted by code units, not as in the alphabet of a language.
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  const texts = entries.map(
    ([key, held]) => `${JSON.stringify(key)}:${canonical(held, depth + 1)}`,
  );
  return `{${texts.join(',')}}`;
}

function unfit(reason: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_MESSAGE', `the pattern cannot be used: ${reason}`);
}
