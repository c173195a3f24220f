import { MAX_DEPTH } from '../protocol/limits.js';
import { EXTENSION, SINGLE } from './extension.js';
import { FormError } from './form-error.js';

/** Stands for a value that the library would write as something else. */
export class Single {
  readonly bytes: Uint8Array;

  constructor(byte: number) {
    this.bytes = Uint8Array.of(byte);
  }
}

/** Stands for a Map or a Set. */
export class Collection {
  constructor(
    readonly type: typeof EXTENSION.map | typeof EXTENSION.set,
    readonly items: readonly unknown[],
  ) {}
}

const UNDEFINED = new Single(SINGLE.undefined);
const NEGATIVE_ZERO = new Single(SINGLE.negativeZero);
const INVALID_DATE = new Single(SINGLE.invalidDate);

/**
 * What the library can write. Data that it writes rightly by itself is not copied. Means the same as the
 * rich JSON of contracts: properties that are undefined or functions are left out, `toJSON` is asked.
 * @param depth of lists and objects around it
 * @throws FormError for what cannot be carried
 */
export function prepare(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? NEGATIVE_ZERO : value;
    case 'undefined':
      return UNDEFINED;
    case 'object':
      return value === null ? null : prepareObject(value, depth);
    case 'function':
    case 'symbol':
      throw new FormError(`a ${typeof value} cannot be sent`);
    default:
      return value;
  }
}

function prepareObject(value: object, depth: number): unknown {
  // A cycle is endlessly deep.
  if (depth >= MAX_DEPTH) throw new FormError(`nesting deeper than ${MAX_DEPTH}, or a cycle`);
  if (Array.isArray(value)) return prepareItems(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? INVALID_DATE : value;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Map) {
    return new Collection(EXTENSION.map, prepareItems([...value].flat(1), depth));
  }
  if (value instanceof Set) return new Collection(EXTENSION.set, prepareItems([...value], depth));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new FormError(`${value.constructor.name} cannot be sent; a Buffer can`);
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return prepare((value.toJSON as (key: string) => unknown)(''), depth + 1);
  }
  return prepareProperties(value as Readonly<Record<string, unknown>>, depth);
}

function prepareItems(items: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const prepared = prepare(item, depth + 1);
    if (copy === undefined && prepared !== item) copy = items.slice(0, i);
    copy?.push(prepared);
  }
  return copy ?? items;
}

function prepareProperties(value: Readonly<Record<string, unknown>>, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new FormError('a __proto__ key cannot be sent');
    const property = value[key];
    // The library leaves undefined ones out.
    if (property === undefined) continue;
    const prepared = typeof property === 'function' ? undefined : prepare(property, depth + 1);
    if (prepared === property) continue;
    // Not by the prototype of its class, which may have setters.
    copy ??= Object.fromEntries(Object.entries(value));
    copy[key] = prepared;
  }
  return copy ?? value;
}
