import { MAX_DEPTH } from '../../protocol/limits.js';
import { DEFS } from '../schema/json-schema.js';

type Schema = Readonly<Record<string, unknown>>;

/** Values that travel as an object with one key, by that key. */
const TAGGED: ReadonlyMap<string, string> = new Map([
  ['$date', 'datetime'],
  ['$bytes', 'bytes'],
  ['$bigint', 'int'],
  ['$map', 'Map'],
  ['$set', 'Set'],
]);

const PLAIN: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ['string', 'str'],
  ['number', 'float'],
  ['integer', 'int'],
  ['boolean', 'bool'],
  ['null', 'None'],
]);

/**
 * The annotation of what a schema describes in Python, wide where it has no words for it.
 * @param names of the declared types, by those of the definitions
 */
export function pythonType(schema: unknown, names: ReadonlyMap<string, string>, depth = 0): string {
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return 'Any';
  const known = schema as Schema;
  const inner = (part: unknown): string => pythonType(part, names, depth + 1);
  const { $ref, enum: values, const: only, anyOf, oneOf, allOf, type } = known;
  if (typeof $ref === 'string') return names.get($ref.slice(DEFS.length)) ?? 'Any';
  if (Array.isArray(values)) return union(values.map(literal));
  if (only !== undefined) return literal(only);
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return union(choices.map(inner));
  if (Array.isArray(allOf)) return allOf.length === 1 ? inner(allOf[0]) : 'Any';
  if (Array.isArray(type)) return union(type.map((one: unknown) => inner({ ...known, type: one })));
  if (type === 'array') return `list[${inner(known['items'])}]`;
  if (type === 'object' || known['properties'] !== undefined) return objectType(known, inner);
  return PLAIN.get(type) ?? 'Any';
}

function objectType(schema: Schema, inner: (part: unknown) => string): string {
  const { properties, required, additionalProperties } = schema;
  const tag =
    Array.isArray(required) && required.length === 1 ? TAGGED.get(String(required[0])) : undefined;
  if (tag !== undefined) return tag;
  return properties === undefined ? `dict[str, ${inner(additionalProperties)}]` : 'dict[str, Any]';
}

function union(types: readonly string[]): string {
  return types.includes('Any') ? 'Any' : [...new Set(types)].join(' | ') || 'Any';
}

/** A value of an enumeration; a number with a fraction is none that Python can name. */
function literal(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'Literal[True]' : 'Literal[False]';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `Literal[${value}]` : 'float';
  if (typeof value !== 'string') return 'Any';
  return `Literal[${pythonText(value)}]`;
}

/** A text as a literal of Python: JSON's escapes are Python's too. */
export function pythonText(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
