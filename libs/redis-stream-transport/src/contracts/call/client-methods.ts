import type { AnyClientProxy } from './any-client-proxy.js';
import type { RecordOptions } from '../../options/index.js';
import { ContractError } from '../declare/contract-error.js';
import type { ContractDefinition } from '../declare/definition.js';
import type { MethodCalls } from './method-calls.js';

/** The object that applications call: a function for each method, and `with` for the same with other options. */
export function clientMethods(
  calls: ReadonlyMap<string, MethodCalls>,
  proxy: AnyClientProxy,
  definition: Pick<ContractDefinition, 'prefix'>,
  options?: RecordOptions,
): object {
  const made: Record<string, unknown> = {};
  for (const [name, call] of calls) {
    made[name] = (...args: readonly unknown[]) => call.start(args, options);
  }
  made['with'] = (more: RecordOptions) => {
    assertTakesOptions(proxy, definition);
    return clientMethods(calls, proxy, definition, { ...options, ...more });
  };
  return made;
}

/** The transport of this package, of whichever copy; others would send the options as data. */
export function assertTakesOptions(
  proxy: AnyClientProxy,
  { prefix }: Pick<ContractDefinition, 'prefix'>,
): void {
  if ('sendWithMeta' in proxy) return;
  const advice = `options of single calls of ${prefix} need a ClientRedisStreams`;
  throw new ContractError('INVALID_CALL', `${advice}, not ${proxy.constructor.name}`);
}
