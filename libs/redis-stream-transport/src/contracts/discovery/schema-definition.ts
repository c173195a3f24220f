import { prefixOf, type ContractDefinition, type MethodDefinition } from '../declare/definition.js';
import type { ContractSchema, MethodSchema } from '../schema/contract-schema.js';
import { ANY } from '../declare/value-type.js';

/** A contract without its class. Its types are known as JSON Schema only, and are not checked here. */
export function schemaDefinition(schema: ContractSchema): ContractDefinition {
  const { name, version, namespace, doc } = schema;
  const methods = Object.entries(schema.methods).map(
    ([key, method]) => [key, methodOf(key, method)] as const,
  );
  return {
    name,
    version,
    namespace,
    doc,
    prefix: prefixOf(schema),
    methods: new Map(methods),
    errors: [],
    validation: {},
  };
}

function methodOf(
  name: string,
  { kind, pattern, doc, parameters }: MethodSchema,
): MethodDefinition {
  return {
    name,
    kind,
    pattern,
    doc,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      doc: parameter.doc,
      optional: parameter.optional === true,
      rest: parameter.rest === true,
      type: () => ANY,
    })),
    // The service fills them in.
    defaults: [],
    body: () => undefined,
    returns: () => ANY,
    validateResult: false,
  };
}
