// Writing a contract.
export { Contract, type ContractOptions } from './contract.decorator.js';
export {
  Command,
  Event,
  Streamed,
  type EventOptions,
  type ReplyOptions,
} from './method.decorators.js';
export { Arg, type ArgOptions } from './arg.decorator.js';
export { remote } from './remote.js';
export type { ContractClass, ErrorClass, ValidationOptions } from './definition.js';
export { generic, GenericSpec } from './generic.js';
export type { DtoClass, FieldSpec, ItemSpec, PlainClass, TypeSpec } from './value-type.js';
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.js';

// Serving it.
export { Implements, type ImplementsOptions } from './implements.decorator.js';
export type { ContractHandlers } from './contract-handlers.js';

// Calling it.
export {
  contractClient,
  type CallOptions,
  type ContractClient,
  type ContractClientOptions,
  type MethodNames,
} from './contract-client.js';
export { StreamedReply } from './streamed-reply.js';
export { contractToken, InjectContract } from './inject-contract.decorator.js';
export { ContractsModule, type ContractsFeatureOptions } from './contracts.module.js';

// What goes wrong.
export { ContractError, type ContractErrorCode } from './contract-error.js';
export { InvalidResultError } from './result-check.js';
export { ContractValidationError, type Violation } from './violation.js';
export { RemoteError, type Fault } from './remote-error.js';

// The encoding, for who speaks it without a contract.
export { fromRich, toRich } from './rich-json.js';

// What a contract looks like from outside, and whether two of them fit.
export {
  argumentsSchema,
  contractSchema,
  type ContractSchema,
  type MethodSchema,
  type ParameterSchema,
} from './schema/contract-schema.js';
export {
  compareContracts,
  type ContractChange,
  type ContractComparison,
} from './schema/compare-contracts.js';
export { announceService, type AnnouncedService } from './announce/announced-services.js';
export { checkOutcome, type CheckMode, type CheckOutcome } from './schema/check-outcome.js';
// What there is.
export {
  Discovery,
  type DiscoveryOptions,
  type InstanceStats,
  type PingAnswer,
  type ServiceStats,
} from './discovery/discovery.js';
export type {
  DiscoveredInstance,
  DiscoveredMethod,
  DiscoveredService,
} from './discovery/described-service.js';
export type { RemoteService } from './discovery/remote-service.js';
export type { CallStats } from './announce/tally.js';
export type { JsonSchema, SchemaDefs } from './schema/json-schema.js';

// What is generated from it.
export { clientSource } from './generate/client-source.js';
export { asyncApiDocument, type AsyncApiDocument } from './generate/asyncapi-document.js';
export { describedClient } from './described-client.js';
