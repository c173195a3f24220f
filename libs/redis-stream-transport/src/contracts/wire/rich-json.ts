import { RedisStreamsError } from '../../errors.js';
import { MAX_DEPTH } from '../../protocol/limits.js';
import { MAX_DIGITS, TAGS } from './rich-tags.js';

/**
 * What JSON cannot say, as JSON. Plain data stays as it is, and is not even copied. Everything else becomes
 * an object with a single key that begins with `$`; an object of the application's that happens to look
 * like this gets one more `$`. Properties that are undefined or functions are left out, as JSON does.
 * `docs/contracts.md` lists the tags for other languages.
 *
 * @throws RedisStreamsError INVALID_MESSAGE, not run: for what cannot be carried
 */
export function toRich(value: unknown): unknown {
  return value === undefined ? undefined : write(value, 0);
}

function write(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return writeBigint(value);
    case 'undefined':
      return { $undefined: true };
    case 'object':
      return value === null ? null : writeObject(value, depth);
    default:
      throw unfit(`a ${typeof value} cannot be sent`);
  }
}

function writeBigint(value: bigint): object {
  const digits = String(value);
  if (digits.length > MAX_DIGITS) throw unfit(`a bigint of more than ${MAX_DIGITS} digits`);
  return { $bigint: digits };
}

function writeObject(value: object, depth: number): unknown {
  // Deeper texts are refused on arrival; a cycle is endlessly deep.
  if (depth >= MAX_DEPTH) throw unfit(`nesting deeper than ${MAX_DEPTH}, or a cycle`);
  if (Array.isArray(value)) return writeItems(value, depth);
  if (value instanceof Date) {
    return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = value;
    return { $bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  if (value instanceof Map) {
    return { $map: [...value].map((pair) => writeItems(pair, depth + 1)) };
  }
  if (value instanceof Set) return { $set: writeItems([...value], depth) };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw unfit(`${value.constructor.name} cannot be sent; a Buffer can`);
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return toRich((value.toJSON as (key: string) => unknown)(''));
  }
  return writeProperties(value as Readonly<Record<string, unknown>>, depth);
}

function writeItems(items: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const written = write(item, depth + 1);
    if (copy === undefined && written !== item) copy = items.slice(0, i);
    copy?.push(written);
  }
  return copy ?? items;
}

function writeProperties(value: Readonly<Record<string, unknown>>, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  let kept = 0;
  let last = '';
  const keys = Object.keys(value);
  for (const [i, key] of keys.entries()) {
    if (key === '__proto__') throw unfit('a __proto__ key cannot be sent');
    const property = value[key];
    const left = property === undefined || typeof property === 'function';
    const written = left ? undefined : write(property, depth + 1);
    if (copy === undefined && written !== property) {
      copy = {};
      for (const before of keys.slice(0, i)) copy[before] = value[before];
    }
    if (left || written === undefined) continue;
    kept++;
    last = key;
    if (copy !== undefined) copy[key] = written;
  }
  if (kept === 1 && last.startsWith('$')) return { [`$${last}`]: (copy ?? value)[last] };
  return copy ?? value;
}

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
