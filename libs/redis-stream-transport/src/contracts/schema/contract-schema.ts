import { createHash } from 'node:crypto';
import {
  definitionOf,
  type ContractClass,
  type MethodDefinition,
  type MethodKind,
  type ParameterDefinition,
} from '../declare/definition.js';
import { dtoTools } from '../validate/dto-tools.js';
import { fillDefaults } from '../declare/remote.js';
import type { ValueType } from '../declare/value-type.js';
import { DtoSchemas } from './dto-schema.js';
import { canonical, DEFS, type JsonSchema, type SchemaDefs } from './json-schema.js';
import { plainSchema } from './plain-schemas.js';

export interface ParameterSchema {
  readonly name: string;
  readonly doc?: string;
  readonly optional?: true;
  /** Takes all further arguments; `schema` is that of one of them. */
  readonly rest?: true;
  /** The default, if it is a constant text, number, boolean or null. */
  readonly default?: string | number | boolean | null;
  readonly schema: JsonSchema;
}

export interface MethodSchema {
  readonly kind: MethodKind;
  readonly pattern: string;
  readonly doc?: string;
  readonly parameters: readonly ParameterSchema[];
  /** The result, or one value of a streamed one; anything if the contract does not name it. */
  readonly returns: JsonSchema;
}

/** A contract as data: what servers announce, clients compare and generators read. */
export interface ContractSchema {
  readonly name: string;
  readonly version: string;
  readonly namespace?: string;
  readonly doc?: string;
  /** Of everything that is compared: contracts with equal hashes fit. Names of parameters and docs do not count. */
  readonly hash: string;
  readonly methods: Readonly<Record<string, MethodSchema>>;
  readonly $defs: SchemaDefs;
}

/**
 * Describes a contract by what the compiler, class-validator and the schemas tell.
 * @throws Error if a DTO class is in it and class-validator or class-transformer is not installed
 */
export async function contractSchema(contract: ContractClass): Promise<ContractSchema> {
  const { name, version, namespace, doc, methods, validation } = definitionOf(contract);
  const writer = new Writer(async () => {
    const strict = validation.forbidNonWhitelisted === true;
    return new DtoSchemas(await dtoTools(), strict);
  });
  const described: Record<string, MethodSchema> = {};
  for (const method of methods.values()) described[method.name] = await writer.method(method);
  const $defs = await writer.defs();
  return {
    name,
    version,
    ...(namespace === undefined ? {} : { namespace }),
    ...(doc === undefined ? {} : { doc }),
    hash: schemaHash(described, $defs),
    methods: described,
    $defs,
  };
}

/** The schema of the list of arguments that travels, for any validator of JSON Schema. */
export function argumentsSchema(
  { parameters }: MethodSchema,
  $defs: SchemaDefs,
): JsonSchema & { readonly $defs: SchemaDefs } {
  const fixed = parameters.filter(({ rest }) => rest !== true);
  const rest = parameters.find((parameter) => parameter.rest === true);
  return {
    $defs,
    type: 'array',
    ...(fixed.length > 0
      ? {
          prefixItems: fixed.map(({ schema, optional }) => (optional ? orMissing(schema) : schema)),
        }
      : {}),
    minItems: fixed.filter(({ optional }) => optional !== true).length,
    items: rest?.schema ?? false,
  };
}

/** An argument that is left out before one that is given. */
function orMissing(schema: JsonSchema): JsonSchema {
  const missing: JsonSchema = {
    type: 'object',
    properties: { $undefined: { enum: [true] } },
    required: ['$undefined'],
  };
  return { anyOf: [schema, missing] };
}

function schemaHash(methods: Readonly<Record<string, MethodSchema>>, $defs: SchemaDefs): string {
  const compared = Object.entries(methods).map(([name, { kind, parameters, returns }]) => [
    name,
    kind,
    parameters.map(({ optional, rest, schema }) => ({ optional, rest, schema })),
    returns,
  ]);
  const text = canonical([
    Object.fromEntries(compared.map(([name, ...rest]) => [name, rest])),
    $defs,
  ]);
  return createHash('sha256').update(text).digest('base64url');
}

class Writer {
  private dtos: Promise<DtoSchemas> | undefined;

  constructor(private readonly load: () => Promise<DtoSchemas>) {}

  async defs(): Promise<SchemaDefs> {
    return this.dtos === undefined ? {} : (await this.dtos).defs;
  }

  async method(method: MethodDefinition): Promise<MethodSchema> {
    const { kind, pattern, doc, parameters, returns } = method;
    const described: ParameterSchema[] = [];
    for (const [i, parameter] of parameters.entries()) {
      described.push(await this.parameter(parameter, constantDefault(method, i)));
    }
    return {
      kind,
      pattern,
      ...(doc === undefined ? {} : { doc }),
      parameters: described,
      returns: await this.type(returns()),
    };
  }

  private async parameter(
    { name, doc, optional, rest, type }: ParameterDefinition,
    constant: ParameterSchema['default'],
  ): Promise<ParameterSchema> {
    return {
      name,
      ...(doc === undefined ? {} : { doc }),
      ...(optional ? { optional } : {}),
      ...(rest ? { rest } : {}),
      ...(constant === undefined ? {} : { default: constant }),
      schema: await this.type(type()),
    };
  }

  private async type(type: ValueType): Promise<JsonSchema> {
    switch (type.kind) {
      case 'any':
        return {};
      case 'plain':
        return plainSchema(type.type) ?? {};
      case 'list':
        return { type: 'array', items: await this.type(type.item) };
      case 'schema':
        return type.schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }) ?? {};
      case 'dto':
        return (await (this.dtos ??= this.load())).of(type.dto);
      case 'generic':
        return this.generic(type.dto, type.fields);
    }
  }

  /** Written out and not referred to: the schema of the class depends on its type arguments. */
  private async generic(
    dto: new () => object,
    fields: ReadonlyMap<string, ValueType>,
  ): Promise<JsonSchema> {
    const dtos = await (this.dtos ??= this.load());
    const base = dtos.defs[(dtos.of(dto).$ref as string).slice(DEFS.length)];
    const properties: Record<string, JsonSchema> = { ...base?.properties };
    for (const [name, type] of fields) properties[name] = await this.type(type);
    return { ...base, properties };
  }
}

/** Asked twice: a default that differs, such as the time of the day, cannot be described. */
function constantDefault(
  { body, defaults }: MethodDefinition,
  i: number,
): ParameterSchema['default'] {
  if (!defaults.includes(i)) return undefined;
  const [once, twice] = [fillDefaults(body, [])?.[i], fillDefaults(body, [])?.[i]];
  if (once !== twice) return undefined;
  const plain =
    once === null || ['string', 'boolean'].includes(typeof once) || Number.isFinite(once);
  return plain ? (once as ParameterSchema['default']) : undefined;
}
