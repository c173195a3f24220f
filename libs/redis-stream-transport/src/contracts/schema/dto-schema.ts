import 'reflect-metadata';
import type { DtoRule, DtoTools } from '../validate/dto-tools.js';
import { DEFS, type JsonSchema } from './json-schema.js';
import { plainSchema } from './plain-schemas.js';
import { RULES, ruleText } from './rule-schemas.js';

/** Describes DTO classes by what class-validator knows of them; each class once, under its name. */
export class DtoSchemas {
  readonly defs: Record<string, JsonSchema> = {};
  private readonly names = new Map<object, string>();

  /** @param strict whether properties without a rule are refused */
  constructor(
    private readonly tools: DtoTools,
    private readonly strict: boolean,
  ) {}

  /** A reference to the description of a class. */
  of(dto: new () => object): JsonSchema {
    let name = this.names.get(dto);
    if (name === undefined) {
      name = this.freeName(dto.name || 'Anonymous');
      // Before its properties are read: they may be of the same class.
      this.names.set(dto, name);
      this.defs[name] = {};
      this.defs[name] = this.describe(dto);
    }
    return { $ref: DEFS + name };
  }

  private freeName(wanted: string): string {
    let name = wanted;
    for (let i = 2; Object.hasOwn(this.defs, name); i++) name = `${wanted}${i}`;
    return name;
  }

  private describe(dto: new () => object): JsonSchema {
    const rules = new Map<string, DtoRule[]>();
    for (const rule of this.tools.rules(dto)) {
      rules.set(rule.property, [...(rules.get(rule.property) ?? []), rule]);
    }
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const [property, own] of [...rules].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const schema = this.property(dto, property, own);
      const optional = own.some(({ kind }) => kind === 'conditional');
      // What may be left out may also be null.
      properties[property] = optional ? nullable(schema) : schema;
      // class-validator asks the rules of a nested object only if it is there.
      if (!optional && own.some(({ kind }) => kind === 'custom')) required.push(property);
    }
    return {
      type: 'object',
      title: dto.name,
      properties,
      ...(required.length > 0 ? { required } : {}),
      ...(this.strict ? { additionalProperties: false } : {}),
    };
  }

  private property(dto: new () => object, property: string, rules: readonly DtoRule[]): JsonSchema {
    const { prototype } = dto as { readonly prototype: object };
    const type: unknown = Reflect.getMetadata('design:type', prototype, property);
    const own = merge(rules.filter(({ kind, each }) => kind === 'custom' && !each));
    const items = merge(rules.filter(({ kind, each }) => kind === 'custom' && each));
    const nested = rules.some(({ kind }) => kind === 'nested')
      ? this.tools.nestedClass(dto, property)
      : undefined;
    const emitted = plainSchema(type);
    const collection = type === Array || items !== undefined || own?.type === 'array';
    if (nested !== undefined && (type === Set || type === Map)) {
      return { ...emitted, ...own };
    }
    if (collection) {
      const item = nested === undefined ? items : this.of(nested);
      return { type: 'array', ...own, ...(item === undefined ? {} : { items: item }) };
    }
    if (nested !== undefined) return this.of(nested);
    return own?.type === undefined && own?.enum === undefined ? { ...emitted, ...own } : own;
  }
}

/** What all rules together demand. */
function merge(rules: readonly DtoRule[]): JsonSchema | undefined {
  if (rules.length === 0) return undefined;
  const merged: { -readonly [K in keyof JsonSchema]: JsonSchema[K] } = {};
  const others: string[] = [];
  for (const { name, args } of rules) {
    const { type } = merged;
    const schema = RULES.get(name)?.(args);
    if (schema === undefined) others.push(ruleText(name, args));
    else Object.assign(merged, defined(schema));
    // `@Min` says of an integer only that it is a number.
    if (type === 'integer' && merged.type === 'number') merged.type = type;
  }
  return others.length > 0 ? { ...merged, 'x-rules': others.sort() } : merged;
}

function defined(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

function nullable(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}
