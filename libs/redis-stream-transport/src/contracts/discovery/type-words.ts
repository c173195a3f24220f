import { MAX_DEPTH } from '../../protocol/limits.js';
import { DEFS, type JsonSchema } from '../schema/json-schema.js';

/** Values that travel as an object with one key. */
const TAGGED: ReadonlyMap<string, string> = new Map([
  ['$date', 'Date'],
  ['$bytes', 'Buffer'],
  ['$bigint', 'bigint'],
  ['$map', 'Map'],
  ['$set', 'Set'],
]);

/** What a schema describes, as in TypeScript and for people: classes by their names, without bounds. */
export function typeWords(schema: JsonSchema | false | undefined, depth = 0): string {
  if (schema === undefined || schema === false || depth > MAX_DEPTH) return 'unknown';
  const { $ref, title, enum: values, anyOf, type, items, required } = schema;
  if ($ref?.startsWith(DEFS) === true) return $ref.slice(DEFS.length);
  if (values !== undefined) return union(values.map((value) => JSON.stringify(value)));
  if (anyOf !== undefined) return union(anyOf.map((one) => typeWords(one, depth + 1)));
  if (typeof type === 'object') {
    return union(type.map((one) => typeWords({ ...schema, type: one }, depth + 1)));
  }
  if (type === 'array') return `${grouped(typeWords(items, depth + 1))}[]`;
  const tag = required?.length === 1 ? TAGGED.get(String(required[0])) : undefined;
  if (tag !== undefined) return tag;
  return title ?? (type === 'integer' ? 'number' : (type ?? 'unknown'));
}

function union(words: readonly string[]): string {
  return [...new Set(words)].join(' | ');
}

export function grouped(words: string): string {
  return words.includes('|') ? `(${words})` : words;
}
