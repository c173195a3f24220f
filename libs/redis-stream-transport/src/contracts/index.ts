// Writing a contract.
export { Contract, type ContractOptions } from './declare/contract.decorator.js';
export {
  Command,
  Event,
  Streamed,
  type EventOptions,
  type ReplyOptions,
} from './declare/method.decorators.js';
export { Arg, type ArgOptions } from './declare/arg.decorator.js';
export { remote } from './declare/remote.js';
export type { ContractClass, ErrorClass, ValidationOptions } from './declare/definition.js';
export { generic } from './declare/generic.js';
export {
  GenericSpec,
  type DtoClass,
  type FieldSpec,
  type ItemSpec,
  type PlainClass,
  type TypeSpec,
} from './declare/type-spec.js';
export type { StandardIssue, StandardResult, StandardSchema } from './declare/standard-schema.js';

// Serving it.
export { Implements, type ImplementsOptions } from './serve/implements.decorator.js';
export type { ContractHandlers } from './serve/contract-handlers.js';

// Calling it.
export type { AnyClientProxy } from './call/any-client-proxy.js';
export {
  contractClient,
  type CallOptions,
  type ContractClient,
  type ContractClientOptions,
  type MethodNames,
} from './call/contract-client.js';
export { StreamedReply } from '../nest/streamed-reply.js';
export { contractToken, InjectContract } from './call/inject-contract.decorator.js';
export { ContractsModule, type ContractsFeatureOptions } from './contracts.module.js';

// What goes wrong.
export { ContractError, type ContractErrorCode } from './declare/contract-error.js';
export { InvalidResultError } from './validate/result-check.js';
export { ContractValidationError, type Violation } from './validate/violation.js';
export { RemoteError, type Fault } from './call/remote-error.js';

// The encoding, for programs that use it without a contract.
export { fromRich, toRich } from './wire/rich-json.js';

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
export { announceService } from './announce/announced-services.js';
export type { AnnouncedService } from './announce/announced-service.js';
export { checkOutcome, type CheckMode, type CheckOutcome } from './schema/check-outcome.js';

// Which services there are.
export {
  Discovery,
  type DiscoveredPattern,
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
export type { ServedPattern } from './discovery/served-patterns.js';
export type { RemoteService } from './discovery/remote-service.js';
export type { CallStats } from './announce/tally.js';
export type { JsonSchema, SchemaDefs } from './schema/json-schema.js';

// What is generated from it.
export { clientSource } from './generate/client-source.js';
export { asyncApiDocument, type AsyncApiDocument } from './generate/asyncapi-document.js';
export { describedClient } from './call/described-client.js';
