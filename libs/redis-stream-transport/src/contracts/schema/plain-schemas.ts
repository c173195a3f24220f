import { tagged, type JsonSchema } from './json-schema.js';

const BYTES = tagged('$bytes', { type: 'string', format: 'base64' });

/** How values travel of which only the constructor is known; see `rich-tags.ts`. */
const PLAIN: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [Array, { type: 'array' }],
  [Object, {}],
  [BigInt, tagged('$bigint', { type: 'string', pattern: '^-?\\d+$' })],
  [Date, tagged('$date', { type: 'string', format: 'date-time' })],
  [Buffer, BYTES],
  [Uint8Array, BYTES],
  [Map, tagged('$map', { type: 'array', items: { type: 'array', minItems: 2, maxItems: 2 } })],
  [Set, tagged('$set', { type: 'array' })],
]);

/** Undefined for classes of the application. */
export function plainSchema(type: unknown): JsonSchema | undefined {
  return PLAIN.get(type);
}
