import { isRecord } from './property-path.js';

/**
 * class-transformer loses the entries of a Map and makes a list of a Set, and it changes objects whose
 * class it finds by a discriminator. So it gets a copy, in which lists of the values stand for Maps and
 * Sets: their values become instances too, where `@Type` says so.
 */
export function withoutCollections(source: unknown): unknown {
  if (typeof source !== 'object' || source === null) return source;
  if (source instanceof Map || source instanceof Set) {
    return [...source.values()].map(withoutCollections);
  }
  if (Array.isArray(source)) return Array.from(source, withoutCollections);
  const prototype: unknown = Object.getPrototypeOf(source);
  // An instance is passed on as it is.
  if (prototype !== Object.prototype && prototype !== null) return source;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(source)) copy[key] = withoutCollections(value);
  return copy;
}

/**
 * Puts Maps and Sets back in place of the lists.
 * @param source what {@link withoutCollections} was given
 * @param made what class-transformer made of its result, in which they are replaced
 */
export function withCollections(source: unknown, made: unknown): unknown {
  if (typeof source !== 'object' || source === null) return made;
  if (source instanceof Map || source instanceof Set) {
    // Of a property that is declared as a Set it has made one.
    const values = made instanceof Set ? [...(made as ReadonlySet<unknown>)] : made;
    if (!Array.isArray(values)) return made;
    const before = [...(source.values() as Iterable<unknown>)];
    const after = values.map((value: unknown, i) => withCollections(before[i], value));
    if (source instanceof Set) return new Set(after);
    return new Map([...source.keys()].map((key: unknown, i) => [key, after[i]]));
  }
  if (Array.isArray(source)) {
    if (!Array.isArray(made)) return made;
    for (const [i, item] of source.entries()) made[i] = withCollections(item, made[i]);
  } else if (isRecord(source) && isRecord(made)) {
    inProperties(source as Readonly<Record<string, unknown>>, made as Record<string, unknown>);
  }
  return made;
}

function inProperties(
  source: Readonly<Record<string, unknown>>,
  made: Record<string, unknown>,
): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (typeof value !== 'object' || value === null) continue;
    const kept = withCollections(value, made[key]);
    // A property may be read-only; it is written only where there is something to write.
    if (kept !== made[key]) made[key] = kept;
  }
}
