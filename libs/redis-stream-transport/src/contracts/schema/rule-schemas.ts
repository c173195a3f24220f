import type { JsonSchema } from './json-schema.js';
import { plainSchema } from './plain-schemas.js';

/** What a rule of class-validator demands, from its arguments. */
type RuleSchema = (args: readonly unknown[]) => JsonSchema | undefined;

const text = (more: JsonSchema = {}): RuleSchema => {
  const schema: JsonSchema = { type: 'string', ...more };
  return () => schema;
};
const number = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

/** Rules by the names that class-validator gives them; others have no words in JSON Schema. */
export const RULES: ReadonlyMap<string, RuleSchema> = new Map<string, RuleSchema>([
  ['isString', text()],
  ['isNotEmpty', () => ({})],
  ['isDefined', () => ({})],
  ['isBoolean', () => ({ type: 'boolean' })],
  ['isNumber', () => ({ type: 'number' })],
  ['isInt', () => ({ type: 'integer' })],
  ['isPositive', () => ({ type: 'number', exclusiveMinimum: 0 })],
  ['isNegative', () => ({ type: 'number', exclusiveMaximum: 0 })],
  ['min', ([least]) => ({ type: 'number', minimum: number(least) })],
  ['max', ([most]) => ({ type: 'number', maximum: number(most) })],
  ['isDivisibleBy', ([by]) => ({ type: 'number', multipleOf: number(by) })],
  [
    'isLength',
    ([least, most]) => ({ type: 'string', minLength: number(least), maxLength: number(most) }),
  ],
  ['minLength', ([least]) => ({ type: 'string', minLength: number(least) })],
  ['maxLength', ([most]) => ({ type: 'string', maxLength: number(most) })],
  ['matches', ([pattern]) => patternSchema(pattern)],
  ['isEmail', text({ format: 'email' })],
  ['isUuid', text({ format: 'uuid' })],
  ['isUrl', text({ format: 'uri' })],
  ['isDateString', text({ format: 'date-time' })],
  ['isIso8601', text({ format: 'date-time' })],
  ['isDate', () => plainSchema(Date)],
  ['isIn', ([values]) => (Array.isArray(values) ? { enum: values } : undefined)],
  ['isEnum', ([, values]) => (Array.isArray(values) ? { enum: values } : undefined)],
  ['equals', ([value]) => ({ enum: [value] })],
  ['isInstance', ([type]) => (typeof type === 'function' ? plainSchema(type) : undefined)],
  ['isObject', () => ({ type: 'object' })],
  ['isNotEmptyObject', () => ({ type: 'object', minProperties: 1 })],
  ['isArray', () => ({ type: 'array' })],
  ['arrayNotEmpty', () => ({ type: 'array', minItems: 1 })],
  ['arrayMinSize', ([least]) => ({ type: 'array', minItems: number(least) })],
  ['arrayMaxSize', ([most]) => ({ type: 'array', maxItems: number(most) })],
  ['arrayUnique', () => ({ type: 'array', uniqueItems: true })],
]);

/** Flags have no place in JSON Schema: such a pattern is a rule of its own. */
function patternSchema(pattern: unknown): JsonSchema | undefined {
  if (!(pattern instanceof RegExp) || /[^gu]/.test(pattern.flags)) return undefined;
  return { type: 'string', pattern: pattern.source };
}

/** A rule that JSON Schema cannot say: its name and its arguments. */
export function ruleText(name: string, args: readonly unknown[]): string {
  const told = args.filter((arg) => arg !== undefined).map(argumentText);
  return told.length > 0 ? `${name}(${told.join(', ')})` : name;
}

function argumentText(arg: unknown): string {
  if (arg instanceof RegExp) return String(arg);
  if (typeof arg === 'function') return arg.name;
  return JSON.stringify(arg) ?? typeof arg;
}
