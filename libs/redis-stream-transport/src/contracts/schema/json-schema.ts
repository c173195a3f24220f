/** The part of JSON Schema (2020-12) that contracts are described with. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly minProperties?: number;
  /** What the class is called, for generated clients. */
  readonly title?: string;
  /** Rules that JSON Schema has no words for, by their names and arguments. */
  readonly 'x-rules'?: readonly string[];
}

/** Schemas by name, for `$ref: '#/$defs/<name>'`. */
export type SchemaDefs = Readonly<Record<string, JsonSchema>>;

export const DEFS = '#/$defs/';

/** How a value that JSON cannot say travels: an object with this one key. */
export function tagged(tag: string, held: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { [tag]: held },
    required: [tag],
    additionalProperties: false,
  };
}

/** JSON with sorted keys: equal schemas have equal texts. Lists that are sets are sorted too. */
export function canonical(value: unknown, key = ''): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    return `[${(UNORDERED.has(key) ? items.sort() : items).join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  const texts = entries
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, held]) => `${JSON.stringify(name)}:${canonical(held, name)}`);
  return `{${texts.join(',')}}`;
}

const UNORDERED = new Set(['required', 'enum', 'type', 'anyOf', 'x-rules']);
