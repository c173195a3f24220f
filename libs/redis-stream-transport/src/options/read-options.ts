import { RedisStreamsError } from '../errors.js';
import { invalid, isObject } from './option.js';
import type { OptionTable, OptionValues, Place } from './option.js';

/**
 * The options that an object really gives, by name. Options may be plain objects, have no
 * prototype, or be instances of a configuration class: then its getters count as well, as far as
 * they are known, since a class may have getters of its own. Undefined is "not given".
 *
 * A Map and own keys only, so that `__proto__` and `constructor` are names like any other.
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

/** Reads every option of the table and gives those that are not there their defaults. */
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
  // The loop above is the definition of OptionValues; the compiler cannot follow it.
  return values as OptionValues<T>;
}

/** Reads an object inside an option, such as `retention`: only the parts that are given, frozen. */
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
