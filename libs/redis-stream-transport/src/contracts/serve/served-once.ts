import type { ModulesContainer } from '@nestjs/core';
import { ContractError } from '../declare/contract-error.js';
import {
  definitionOf,
  type ContractClass,
  type ContractDefinition,
} from '../declare/definition.js';
import { implementedBy } from './implements.decorator.js';

/**
 * Checks that each method of these contracts has exactly one controller in an application.
 * @throws ContractError NOT_SERVED, SERVED_TWICE naming every method
 */
export function assertServedOnce(
  contracts: readonly ContractClass[],
  modules: ModulesContainer,
): void {
  const servers = new Map<string, string[]>();
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (typeof metatype !== 'function') continue;
      for (const { methods } of implementedBy(metatype)) {
        for (const { pattern } of methods.values()) {
          servers.set(pattern, [...(servers.get(pattern) ?? []), metatype.name]);
        }
      }
    }
  }
  for (const definition of contracts.map((contract) => definitionOf(contract))) {
    const patterns = patternsOf(definition);
    const lacking = patterns.filter((pattern) => !servers.has(pattern));
    if (lacking.length > 0) {
      const told = `declared and not served: ${lacking.join(', ')}; no controller has @Implements for it`;
      throw new ContractError('NOT_SERVED', told);
    }
    const doubled = patterns.flatMap((pattern) => {
      const names = servers.get(pattern) ?? [];
      return names.length > 1 ? [`${pattern} (${names.join(', ')})`] : [];
    });
    if (doubled.length > 0) {
      throw new ContractError('SERVED_TWICE', `served more than once: ${doubled.join('; ')}`);
    }
  }
}

function patternsOf({ methods }: ContractDefinition): string[] {
  return [...methods.values()].map(({ pattern }) => pattern);
}
