import type { ClientProxy } from '@nestjs/microservices';
import type { AnyClientProxy } from '../call/any-client-proxy.js';
import { ContractError } from '../declare/contract-error.js';
import { definitionOf, type ContractClass } from '../declare/definition.js';
import type { CheckMode } from '../schema/check-outcome.js';
import { ContractWatch } from './contract-watch.js';
import { directoryOf } from '../directory/directory-of.js';

const watches = new WeakMap<AnyClientProxy, Map<ContractClass, ContractWatch[]>>();
const byClient = new WeakMap<object, ContractWatch>();

/**
 * The watch over a contract on a proxy: one for each mode, however many clients are made.
 * @returns undefined on transports where servers cannot be asked
 * @throws ContractError INVALID_CALL: on such a transport a check was asked for
 */
export function watchContract(
  contract: ContractClass,
  proxy: AnyClientProxy,
  mode: CheckMode | undefined,
): ContractWatch | undefined {
  const directory = directoryOf(proxy);
  if (directory === undefined) {
    if (mode === undefined || mode === 'off') return undefined;
    const { prefix } = definitionOf(contract);
    const told = `comparing ${prefix} with its servers needs a ClientRedisStreams`;
    throw new ContractError('INVALID_CALL', `${told}, not ${proxy.constructor.name}`);
  }
  const ofProxy = watches.get(proxy) ?? new Map<ContractClass, ContractWatch[]>();
  watches.set(proxy, ofProxy);
  const known = ofProxy.get(contract) ?? [];
  ofProxy.set(contract, known);
  const wanted = mode ?? 'warn';
  let watch = known.find((one) => one.mode === wanted);
  if (watch === undefined) {
    watch = new ContractWatch(contract, proxy as ClientProxy, directory, wanted);
    known.push(watch);
  }
  return watch;
}

export function rememberWatch(client: object, watch: ContractWatch | undefined): void {
  if (watch !== undefined) byClient.set(client, watch);
}

/** The watch of a client that `contractClient` made; undefined for a stand-in, and on other transports. */
export function watchOf(client: object): ContractWatch | undefined {
  return byClient.get(client);
}
