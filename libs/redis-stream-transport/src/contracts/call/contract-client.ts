import type { AnyClientProxy } from './any-client-proxy.js';
import type { RecordOptions } from '../../options/index.js';
import { rememberWatch, watchContract } from '../check/watches.js';
import { definitionOf, type ContractClass } from '../declare/definition.js';
import { clientMethods } from './client-methods.js';
import { MethodCalls } from './method-calls.js';
import type { Command, Event, Streamed } from '../declare/method.decorators.js';
import type { CheckMode } from '../schema/check-outcome.js';
import type { StreamedReply } from '../../nest/streamed-reply.js';

type Marked = Command<unknown> | Event | Streamed<unknown>;

/** Names of the methods that a contract declares. */
export type MethodNames<C> = {
  [K in keyof C]: C[K] extends (...args: never[]) => infer R
    ? R extends Marked
      ? K
      : never
    : never;
}[keyof C] &
  string;

type ClientMethod<M> = M extends (...args: infer A) => Command<infer T>
  ? (...args: A) => Promise<T>
  : M extends (...args: infer A) => Streamed<infer T>
    ? (...args: A) => StreamedReply<T>
    : M extends (...args: infer A) => Event
      ? (...args: A) => Promise<void>
      : never;

/** Options of one call: deadline, signal, idempotency key, headers and so on. */
export type CallOptions = RecordOptions;

/**
 * A client of a service, by its contract. Commands give a `Promise` of their result, events a `Promise` that
 * resolves when they are stored (on other transports: sent), streamed methods a {@link StreamedReply}.
 *
 * Rejects with `ContractValidationError` before anything is sent, with `RemoteError` or a class of the
 * contract's `errors` for what the handler threw, and with the transport's own errors.
 */
export type ContractClient<C> = {
  readonly [K in MethodNames<C>]: ClientMethod<C[K]>;
} & {
  /**
   * The same client with options for the calls that are made on what it returns; given options replace
   * earlier ones of the same name. Needs `ClientRedisStreams`.
   * @throws ContractError INVALID_CALL on other transports
   */
  with(options: CallOptions): ContractClient<C>;
};

export interface ContractClientOptions {
  /**
   * What to do about servers whose contract does not fit, on `ClientRedisStreams`: `'strict'` refuses calls,
   * `'warn'` logs method and field, `'off'` says nothing. Default: `'warn'`.
   */
  readonly check?: CheckMode;
}

/**
 * Makes a client for a contract, on any client proxy of Nest. The proxy stays its owner's: connect and
 * close it as before.
 *
 * @example
 * const files = contractClient(FilesContract, proxy);
 * await files.with({ timeout: 500 }).upload(file);
 * @throws ContractError INVALID_CONTRACT if the class has no `@Contract()`; INVALID_CALL if a check is asked
 * for on another transport
 */
export function contractClient<C extends object>(
  contract: ContractClass<C>,
  proxy: AnyClientProxy,
  { check }: ContractClientOptions = {},
): ContractClient<C> {
  const definition = definitionOf(contract);
  const watch = watchContract(contract, proxy, check);
  const calls = new Map<string, MethodCalls>();
  for (const [name, method] of definition.methods) {
    calls.set(name, new MethodCalls(definition, method, proxy, { gate: watch }));
  }
  const made = clientMethods(calls, proxy, definition) as ContractClient<C>;
  rememberWatch(made, watch);
  return made;
}
