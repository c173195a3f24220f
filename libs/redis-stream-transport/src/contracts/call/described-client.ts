import type { AnyClientProxy } from './any-client-proxy.js';
import { clientMethods } from './client-methods.js';
import { schemaDefinition } from '../discovery/schema-definition.js';
import { MethodCalls } from './method-calls.js';
import type { ContractSchema } from '../schema/contract-schema.js';

/**
 * Makes a client from the description of a contract: what generated clients are made of. `C` says what
 * its methods are; at run time the number of arguments is checked, and the rest by the service.
 */
export function describedClient<C extends object>(
  schema: ContractSchema,
  proxy: AnyClientProxy,
): C {
  const definition = schemaDefinition(schema);
  const calls = new Map(
    [...definition.methods].map(
      ([name, method]) => [name, new MethodCalls(definition, method, proxy)] as const,
    ),
  );
  return clientMethods(calls, proxy, definition) as C;
}
