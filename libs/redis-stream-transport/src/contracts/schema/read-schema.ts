import { hasProtoKey, isShallow } from '../../protocol/json.js';
import { MAX_PATTERN_LENGTH } from '../../protocol/limits.js';
import type { ContractSchema } from './contract-schema.js';

/** Deepest nesting of a document: types of Standard Schema libraries stand in each other. */
const MAX_LEVELS = 512;

type Held = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/**
 * Reads the document that a service announces: a contract as data, or undefined if it is none. The form of what is
 * returned was checked, with the keywords of JSON Schema that contracts are described with.
 */
export function readContractSchema(text: string): ContractSchema | undefined {
  if (hasProtoKey(text)) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isShallow(document, MAX_LEVELS) && isContract(document)
    ? (document as ContractSchema)
    : undefined;
}

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isTrue: Check = (value) => value === true;
const isHeld = (value: unknown): value is Held =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf =
  (isOne: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => isOne(item));
const heldOf =
  (isOne: Check): Check =>
  (value) =>
    isHeld(value) && Object.values(value).every((item) => isOne(item));
const optional =
  (isOne: Check): Check =>
  (value) =>
    value === undefined || isOne(value);

/** Whether each of these fields is what it should be. */
function fits(value: unknown, fields: Readonly<Record<string, Check>>): value is Held {
  return isHeld(value) && Object.entries(fields).every(([name, isOne]) => isOne(value[name]));
}

const isSchema: Check = (value) =>
  typeof value === 'boolean' || (isHeld(value) && Object.entries(value).every(isKeyword));

function isKeyword([name, value]: [string, unknown]): boolean {
  return KEYWORDS.get(name)?.(value) ?? true;
}

const KEYWORDS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ...['$ref', 'pattern', 'format', 'title'].map((name) => [name, isText] as const),
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']
    .concat(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties'])
    .map((name) => [name, isNumber] as const),
  ...['anyOf', 'oneOf', 'allOf', 'prefixItems'].map((name) => [name, listOf(isSchema)] as const),
  ...['items', 'additionalProperties'].map((name) => [name, isSchema] as const),
  ...['required', 'x-rules'].map((name) => [name, listOf(isText)] as const),
  ['type', (value) => isText(value) || listOf(isText)(value)],
  ['enum', (value) => Array.isArray(value)],
  ['uniqueItems', (value) => typeof value === 'boolean'],
  ['properties', heldOf(isSchema)],
]);

const isPlain: Check = (value) => value === null || typeof value !== 'object';

const isParameter: Check = (value) =>
  fits(value, {
    name: isText,
    doc: optional(isText),
    optional: optional(isTrue),
    rest: optional(isTrue),
    default: isPlain,
    schema: isSchema,
  });

const KINDS: ReadonlySet<unknown> = new Set(['command', 'event', 'streamed']);

const isMethod: Check = (value) =>
  fits(value, {
    kind: (kind) => KINDS.has(kind),
    pattern: (pattern) => typeof pattern === 'string' && pattern.length <= MAX_PATTERN_LENGTH,
    doc: optional(isText),
    parameters: listOf(isParameter),
    returns: isSchema,
  });

const isContract: Check = (value) =>
  fits(value, {
    name: isText,
    version: isText,
    namespace: optional(isText),
    doc: optional(isText),
    hash: isText,
    methods: heldOf(isMethod),
    $defs: heldOf(isSchema),
  });
