import { ContractError } from './contract-error.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';
import { GenericSpec, type DtoClass, type PlainClass } from './type-spec.js';

/** A type as checks and schemas see it. */
export type ValueType =
  | { readonly kind: 'any' }
  | { readonly kind: 'plain'; readonly type: PlainClass }
  | { readonly kind: 'dto'; readonly dto: DtoClass }
  | {
      readonly kind: 'generic';
      readonly dto: DtoClass;
      readonly fields: ReadonlyMap<string, ValueType>;
    }
  | { readonly kind: 'schema'; readonly schema: StandardSchema }
  | { readonly kind: 'list'; readonly item: ValueType };

export const ANY: ValueType = { kind: 'any' };

const PLAIN: ReadonlySet<unknown> = new Set([
  String,
  Number,
  Boolean,
  BigInt,
  Date,
  Buffer,
  Map,
  Set,
  Array,
]);

/** Classes whose values cannot be sent. */
const IMMOBILE: ReadonlySet<unknown> = new Set([Function, Promise, Symbol, WeakMap, WeakSet]);

/**
 * @param spec what was written down, or what the compiler emitted: `Object` for everything it has no class
 * for, such as interfaces, unions and `unknown`, which are therefore not checked
 * @param where whose type it is, for the error
 * @throws ContractError INVALID_CONTRACT
 */
export function valueType(spec: unknown, where: string): ValueType {
  if (spec === Object) return ANY;
  if (Array.isArray(spec)) {
    if (spec.length === 1) return { kind: 'list', item: valueType(spec[0], where) };
    throw new ContractError('INVALID_CONTRACT', `${where}: name one type in the brackets`);
  }
  if (spec instanceof GenericSpec) {
    const fields = Object.entries(spec.fields).map(
      ([name, field]) => [name, valueType(field, `${where}.${name}`)] as const,
    );
    return { kind: 'generic', dto: spec.base, fields: new Map(fields) };
  }
  if (isStandardSchema(spec)) return { kind: 'schema', schema: spec };
  if (PLAIN.has(spec)) return { kind: 'plain', type: spec as PlainClass };
  if (typeof spec === 'function' && !IMMOBILE.has(spec)) {
    return { kind: 'dto', dto: spec as DtoClass };
  }
  const name = typeof spec === 'function' ? spec.name : String(spec);
  throw new ContractError('INVALID_CONTRACT', `${where}: ${name} is nothing that can be sent`);
}

const TESTS: ReadonlyMap<PlainClass, readonly [string, (value: unknown) => boolean]> = new Map<
  PlainClass,
  readonly [string, (value: unknown) => boolean]
>([
  [String, ['a string', (value) => typeof value === 'string']],
  [Number, ['a number', (value) => typeof value === 'number']],
  [Boolean, ['a boolean', (value) => typeof value === 'boolean']],
  [BigInt, ['a bigint', (value) => typeof value === 'bigint']],
  [Date, ['a Date', (value) => value instanceof Date && !Number.isNaN(value.getTime())]],
  [Buffer, ['bytes', (value) => value instanceof Uint8Array]],
  [Map, ['a Map', (value) => value instanceof Map]],
  [Set, ['a Set', (value) => value instanceof Set]],
  [Array, ['an array', Array.isArray]],
]);

/** What a plain type wants, in words, if the value is something else. */
export function mismatch(type: PlainClass, value: unknown): string | undefined {
  const [wanted, fits] = TESTS.get(type) as readonly [string, (value: unknown) => boolean];
  return fits(value) ? undefined : wanted;
}
