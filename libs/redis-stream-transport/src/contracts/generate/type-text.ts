import { MAX_DEPTH } from '../../protocol/limits.js';
import { DEFS } from '../schema/json-schema.js';
import { literal, propertyName } from './words.js';

/** Any JSON Schema: those of Standard Schema libraries have words that contracts themselves do not use. */
type Schema = Readonly<Record<string, unknown>>;

/** Values that travel as an object with one key, by that key. */
const TAGGED: ReadonlyMap<string, string> = new Map([
  ['$date', 'Date'],
  ['$bytes', 'Buffer'],
  ['$bigint', 'bigint'],
  ['$map', 'Map<unknown, unknown>'],
  ['$set', 'Set<unknown>'],
]);

const PLAIN: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ['string', 'string'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
]);

/**
 * The TypeScript type of what a schema describes, wide where it has no words for it: bounds and patterns
 * are checked when a call is made.
 * @param names of the declared types, by those of the definitions
 */
export function typeText(schema: unknown, names: ReadonlyMap<string, string>, depth = 0): string {
  if (schema === false) return 'never';
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return 'unknown';
  const known = schema as Schema;
  const inner = (part: unknown): string => typeText(part, names, depth + 1);
  const { $ref, enum: values, const: only, anyOf, oneOf, allOf, type } = known;
  if (typeof $ref === 'string') return names.get($ref.slice(DEFS.length)) ?? 'unknown';
  if (Array.isArray(values)) return union(values.map(literal));
  if (only !== undefined) return literal(only);
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return union(choices.map(inner));
  if (Array.isArray(allOf)) return [...new Set(allOf.map(inner))].map(grouped).join(' & ');
  if (Array.isArray(type)) return union(type.map((one: unknown) => inner({ ...known, type: one })));
  if (type === 'array') return listText(known, inner);
  if (type === 'object' || known['properties'] !== undefined) return objectText(known, inner);
  return PLAIN.get(type) ?? 'unknown';
}

function union(texts: readonly string[]): string {
  if (texts.includes('unknown')) return 'unknown';
  return [...new Set(texts)].join(' | ') || 'never';
}

function listText(schema: Schema, inner: (part: unknown) => string): string {
  const { prefixItems, items } = schema;
  if (!Array.isArray(prefixItems)) {
    return items === false ? '[]' : listOf(inner(items));
  }
  const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
  const parts = prefixItems.map((item, i) => grouped(inner(item)) + (i < least ? '' : '?'));
  if (items !== false) parts.push(`...${listOf(inner(items))}`);
  return `[${parts.join(', ')}]`;
}

function objectText(schema: Schema, inner: (part: unknown) => string): string {
  const { properties, required, additionalProperties } = schema;
  const needed = new Set(Array.isArray(required) ? (required as readonly unknown[]) : []);
  const tag = needed.size === 1 ? TAGGED.get(String([...needed][0])) : undefined;
  if (tag !== undefined) return tag;
  if (typeof properties !== 'object' || properties === null) {
    return `Record<string, ${inner(additionalProperties)}>`;
  }
  const texts = Object.entries(properties).map(
    ([name, held]) => `${propertyName(name)}${needed.has(name) ? '' : '?'}: ${inner(held)}`,
  );
  return texts.length === 0 ? 'Record<string, unknown>' : `{ ${texts.join('; ')} }`;
}

/** The type of a list of values of a type. */
export function listOf(text: string): string {
  return `${grouped(text)}[]`;
}

function grouped(text: string): string {
  return /[|&]/.test(text) ? `(${text})` : text;
}
