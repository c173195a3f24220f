import { RedisStreamsError } from '../../errors.js';
import { digitsOf, writeItems, writeRich, type RichWords } from '../../nest/rich-walk.js';
import { TAGS } from './rich-tags.js';

/**
 * What JSON cannot say, as JSON. Plain data stays as it is and is not copied. Everything else becomes an object
 * with a single key that begins with `$`; an object of the application's that looks like this gets one more `$`.
 * Properties that are undefined or functions are left out, as in JSON. `docs/contracts.md` lists the tags for other
 * languages.
 *
 * @throws RedisStreamsError INVALID_MESSAGE, not run: for what cannot be carried
 */
export function toRich(value: unknown): unknown {
  const written = writeRich(value, 0, WORDS);
  return written === UNDEFINED ? undefined : written;
}

const UNDEFINED = Object.freeze({ $undefined: true });

const WORDS: RichWords = {
  nothing: UNDEFINED,
  number: (value) => ({ $number: Object.is(value, -0) ? '-0' : String(value) }),
  bigint: (value) => ({ $bigint: digitsOf(value, WORDS) }),
  date: (value) => ({ $date: Number.isNaN(value.getTime()) ? null : value.toISOString() }),
  bytes: ({ buffer, byteOffset, byteLength }) => ({
    $bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
  }),
  map: (value, depth) => ({ $map: [...value].map((pair) => writeItems(pair, depth + 1, WORDS)) }),
  set: (items) => ({ $set: items }),
  properties: (written, kept, last) =>
    kept === 1 && last.startsWith('$') ? { [`$${last}`]: written[last] } : written,
  unfit,
};

/**
 * Reads what {@link toRich} wrote. Tags that are not known are data.
 * @throws RedisStreamsError INVALID_MESSAGE if a known tag holds what does not belong there
 */
export function fromRich(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? readItems(value) : readObject(value);
}

function readItems(items: readonly unknown[]): unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const read = fromRich(item);
    if (copy === undefined && read !== item) copy = items.slice(0, i);
    copy?.push(read);
  }
  return copy ?? (items as unknown[]);
}

function readObject(value: object): unknown {
  const keys = Object.keys(value);
  const source = value as Readonly<Record<string, unknown>>;
  const [first] = keys;
  if (keys.length === 1 && first?.startsWith('$') === true) {
    const held = source[first];
    if (first.startsWith('$$')) return { [first.slice(1)]: fromRich(held) };
    const tag = TAGS.get(first);
    if (tag !== undefined) {
      const read = tag(held, fromRich);
      if (read.ok) return read.value;
      throw unfit(`${first} does not hold ${read.wanted}`);
    }
  }
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    // The transport refuses it; on others nothing has looked yet.
    if (key === '__proto__') throw unfit('a __proto__ key');
    const read = fromRich(source[key]);
    if (read === source[key]) continue;
    copy ??= { ...source };
    copy[key] = read;
  }
  return copy ?? value;
}

function unfit(reason: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_MESSAGE', `the data cannot be carried: ${reason}`);
}
