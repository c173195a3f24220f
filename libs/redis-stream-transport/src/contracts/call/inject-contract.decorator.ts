import { Inject } from '@nestjs/common';
import { definitionOf, type ContractClass } from '../declare/definition.js';

/** The token under which `ContractsModule.forFeature` provides the client of a contract. */
export function contractToken(contract: ContractClass): symbol {
  return Symbol.for(`nestjs-redis-streams.contract.client:${definitionOf(contract).prefix}`);
}

/**
 * Injects the client of a contract.
 *
 * @example
 * constructor(@InjectContract(FilesContract) private readonly files: ContractClient<FilesContract>) {}
 */
export function InjectContract(contract: ContractClass): PropertyDecorator & ParameterDecorator {
  return Inject(contractToken(contract));
}
