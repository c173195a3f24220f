import type { ClientProxy } from '@nestjs/microservices';
import type { RecordOptions } from '../../options/index.js';
import { assertTakesOptions } from './contract-client.js';
import { schemaDefinition } from '../discovery/schema-definition.js';
import { MethodCalls } from './method-calls.js';
import type { ContractSchema } from '../schema/contract-schema.js';

/**
 * Makes a client from the description of a contract: what generated clients are made of. `C` says what
 * its methods are; at run time the number of arguments is checked, and the rest by the service.
 */
export function describedClient<C extends object>(schema: ContractSchema, proxy: ClientProxy): C {
  const definition = schemaDefinition(schema);
  const calls = [...definition.methods].map(
    ([name, method]) => [name, new MethodCalls(definition, method, proxy)] as const,
  );
  const client = (options: RecordOptions | undefined): object => {
    const made: Record<string, unknown> = {};
    for (const [name, call] of calls) {
      made[name] = (...args: readonly unknown[]) => call.start(args, options);
    }
    made['with'] = (more: RecordOptions) => {
      assertTakesOptions(proxy, definition);
      return client({ ...options, ...more });
    };
    return made;
  };
  return client(undefined) as C;
}
