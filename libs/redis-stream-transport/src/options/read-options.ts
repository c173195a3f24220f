import { RedisStreamsError } from '../errors.js';
import { invalid, isObject } from './option.js';
import type { OptionTable, OptionValues, Place } from './option.js';

/**
 * The options that an object gives, by name. The object may be plain, without a prototype, or an instance of a
 * configuration class. Getters of such a class count if their names are known, because a class may have others.
 * `undefined` means "not given".
 *
 * The result is a `Map` and only own keys count, so that `__proto__` and `constructor` are ordinary names.
 */
export function givenOptions(
  raw: unknown,
  known: (name: string) => boolean,
  place: Place,
): Map<string, unknown> {
  const given = new Map<string, unknown>();
  if (raw === undefined || raw === null) return given;
  if (!isObject(raw)) {
    throw new RedisStreamsError('INVALID_OPTION', `${place.owner}: options must be an object.`);
  }
  const names = new Set(Object.keys(raw));
  let level: unknown = Object.getPrototypeOf(raw);
  for (; isObject(level) && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (property.get && known(name)) names.add(name);
    }
  }
  for (const name of names) {
    const value: unknown = Reflect.get(raw, name);
    if (value !== undefined || !known(name)) given.set(name, value);
  }
  return given;
}

/** Reads every option of the table. Those that are not given get their defaults. */
export function readOptions<T extends OptionTable>(
  table: T,
  given: ReadonlyMap<string, unknown>,
  place: Place,
): OptionValues<T> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const value = given.get(name);
    values[name] = value === undefined ? option.default : option.read(value, name, place);
  }
  // The loop does what the type says, but the compiler cannot follow it.
  return values as OptionValues<T>;
}

/** Reads an option that is an object itself, such as `retention`: the parts that are given, frozen. */
export function readParts<T extends OptionTable>(
  table: T,
  raw: unknown,
  name: string,
  place: Place,
): Partial<OptionValues<T>> {
  const wanted = `an object of ${Object.keys(table).join(', ')}`;
  if (!isObject(raw)) throw invalid(place, name, wanted, raw);
  const parts: Record<string, unknown> = {};
  for (const [part, value] of givenOptions(raw, (key) => Object.hasOwn(table, key), place)) {
    const option = Object.hasOwn(table, part) ? table[part] : undefined;
    if (!option) throw invalid(place, `${name}.${part}`, `left out: ${name} is ${wanted}`, value);
    parts[part] = option.read(value, `${name}.${part}`, place);
  }
  return Object.freeze(parts) as Partial<OptionValues<T>>;
}
