// What nestjs-redis-streams/contracts exports. Printed by `npm run api`, and compared in CI.

import type { DynamicModule, InjectionToken, ModuleMetadata } from '@nestjs/common';
import type { ClientProxy, Transport } from '@nestjs/microservices';
import type { HandlerExtras, RecordOptions, ServerRedisStreams } from 'nestjs-redis-streams';
import type { Observable, Subscriber, TeardownLogic } from 'rxjs';

export interface AnnouncedService {
  readonly name: string;
  document?(): string | undefined | Promise<string | undefined>;
  about?(): unknown;
}

export type AnyClientProxy = Pick<ClientProxy, 'send' | 'emit'>;

export declare function Arg(type: () => TypeSpec, options?: ArgOptions): ParameterDecorator;

export declare function Arg(options: ArgOptions): ParameterDecorator;

export interface ArgOptions {
  readonly name?: string;
  readonly doc?: string;
}

export interface AsyncApiDocument extends Json {
  readonly asyncapi: '3.0.0';
}

export type CallOptions = RecordOptions;

export interface CallStats {
  readonly calls: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

export type CheckMode = 'off' | 'warn' | 'strict';

export interface CheckOutcome {
  readonly action: 'pass' | 'warn' | 'fail';
  readonly lines: readonly string[];
}

export declare function Command<const O extends ReplyOptions = ReplyOptions>(
  options?: O,
): MarkOf<Command<unknown>, O>;

export interface Command<T = void> {
  readonly [COMMAND]: T;
}

export declare function Contract(options: ContractOptions): (contract: ContractClass) => void;

export interface ContractChange {
  readonly method: string;
  readonly path: string;
  readonly kind: 'removed' | 'required' | 'narrowed' | 'added';
  readonly text: string;
}

export type ContractClass<C extends object = object> = abstract new (...args: never[]) => C;

export type ContractClient<C> = {
  readonly [K in MethodNames<C>]: ClientMethod<C[K]>;
} & {
  with(options: CallOptions): ContractClient<C>;
};

export interface ContractClientOptions {
  readonly check?: CheckMode;
}

export interface ContractComparison {
  readonly contract: string;
  readonly clientVersion: string;
  readonly serverVersion: string;
  readonly breaking: readonly ContractChange[];
  readonly additions: readonly ContractChange[];
  readonly notCompared: readonly string[];
}

export declare class ContractError extends Error {
  readonly code: ContractErrorCode;
  constructor(code: ContractErrorCode, message: string);
  static is(value: unknown): value is ContractError;
}

export type ContractErrorCode =
  | 'INVALID_CONTRACT'
  | 'NOT_SERVED'
  | 'SERVED_TWICE'
  | 'INVALID_CALL'
  | 'INCOMPATIBLE'
  | 'NOT_INSTALLED';

export type ContractHandlers<C> = {
  [K in MethodNames<C>]: Handler<C[K]>;
};

export interface ContractOptions {
  readonly name: string;
  readonly version: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly errors?: readonly ErrorClass[];
  readonly validation?: ValidationOptions;
}

export interface ContractSchema {
  readonly name: string;
  readonly version: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly hash: string;
  readonly methods: Readonly<Record<string, MethodSchema>>;
  readonly $defs: SchemaDefs;
}

export declare class ContractValidationError extends Error {
  readonly pattern: string;
  readonly details: readonly Violation[];
  readonly code: 'VALIDATION';
  readonly outcome: 'not-run';
  readonly retryable: false;
  constructor(pattern: string, details: readonly Violation[]);
  static is(value: unknown): value is ContractValidationError;
}

export interface ContractsFeatureOptions extends ContractClientOptions {
  readonly client?: InjectionToken;
  readonly imports?: ModuleMetadata['imports'];
}

export declare class ContractsModule {
  static forRoot(options: ContractClientOptions): DynamicModule;
  static forFeature(
    contracts: readonly ContractClass[],
    { client, imports, check }?: ContractsFeatureOptions,
  ): DynamicModule;
  static forServer(contracts: readonly ContractClass[]): DynamicModule;
}

export interface DiscoveredInstance {
  readonly id: string;
  readonly group: string;
  readonly version: string | undefined;
  readonly uptime: number | undefined;
}

export interface DiscoveredMethod {
  readonly name: string;
  readonly kind: MethodKind;
  readonly pattern: string;
  readonly doc: string | undefined;
  readonly signature: string;
  readonly parameters: readonly ParameterSchema[];
  readonly returns: JsonSchema;
}

export interface DiscoveredPattern extends ServedPattern {
  readonly contract: string | undefined;
}

export interface DiscoveredService {
  readonly name: string;
  readonly version: string | undefined;
  readonly doc: string | undefined;
  readonly methods: readonly DiscoveredMethod[];
  readonly instances: readonly DiscoveredInstance[];
}

export declare class Discovery {
  constructor(client: ClientProxy, { patience }?: DiscoveryOptions);
  names(): Promise<string[]>;
  discover(): Promise<DiscoveredService[]>;
  patterns(within?: number): Promise<DiscoveredPattern[]>;
  info(name: string): Promise<DiscoveredService>;
  schema(name: string, version?: string): Promise<ContractSchema>;
  ping(name: string): Promise<PingAnswer[]>;
  stats(name: string): Promise<ServiceStats>;
  service(name: string): Promise<RemoteService>;
}

export interface DiscoveryOptions {
  readonly patience?: number;
}

export type DtoClass<T extends object = object> = new () => T;

export type ErrorClass = abstract new (...args: never[]) => Error;

export declare function Event<const O extends EventOptions = EventOptions>(
  options?: O,
): MarkOf<Event, O>;

export interface Event {
  readonly [EVENT]: true;
}

export interface EventOptions {
  readonly doc?: string;
  readonly optional?: number;
  readonly rest?: () => TypeSpec;
}

export interface Fault {
  readonly status: 'error';
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly details?: unknown;
  readonly stack?: string;
}

export type FieldSpec = ItemSpec | readonly ItemSpec[];

export declare class GenericSpec<T extends object = object> {
  readonly base: DtoClass<T>;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  constructor(base: DtoClass<T>, fields: Readonly<Record<string, FieldSpec>>);
}

export declare function Implements<C extends object>(
  contract: ContractClass<C>,
  options?: ImplementsOptions<C>,
): (controller: abstract new (...args: never[]) => ContractHandlers<C>) => void;

export interface ImplementsOptions<C> {
  readonly transport?: Transport | symbol;
  readonly extras?: {
    readonly [K in MethodNames<C>]?: Omit<HandlerExtras, 'batch'> &
      Readonly<Record<string, unknown>>;
  };
  readonly expose?: 'all' | 'declared';
  readonly announce?: boolean;
  readonly force?: boolean;
}

export declare function InjectContract(
  contract: ContractClass,
): PropertyDecorator & ParameterDecorator;

export interface InstanceStats extends DiscoveredInstance, CallStats {
  readonly fresh: boolean;
  readonly methods: Readonly<Record<string, CallStats>>;
}

export declare class InvalidResultError extends Error {
  readonly pattern: string;
  readonly details: readonly Violation[];
  readonly code: 'INVALID_RESULT';
  constructor(pattern: string, details: readonly Violation[]);
  static is(value: unknown): value is InvalidResultError;
}

export type ItemSpec = PlainClass | DtoClass | StandardSchema | GenericSpec;

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly minProperties?: number;
  readonly title?: string;
  readonly 'x-rules'?: readonly string[];
}

export type MethodNames<C> = {
  [K in keyof C]: C[K] extends (...args: never[]) => infer R
    ? R extends Marked
      ? K
      : never
    : never;
}[keyof C] &
  string;

export interface MethodSchema {
  readonly kind: MethodKind;
  readonly pattern: string;
  readonly doc?: string;
  readonly parameters: readonly ParameterSchema[];
  readonly returns: JsonSchema;
}

export interface ParameterSchema {
  readonly name: string;
  readonly doc?: string;
  readonly optional?: true;
  readonly rest?: true;
  readonly default?: string | number | boolean | null;
  readonly schema: JsonSchema;
}

export interface PingAnswer extends DiscoveredInstance {
  readonly milliseconds: number | undefined;
}

export type PlainClass =
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | BigIntConstructor
  | DateConstructor
  | BufferConstructor
  | MapConstructor
  | SetConstructor
  | ArrayConstructor;

export declare class RemoteError extends Error {
  readonly code?: string | number;
  readonly details?: unknown;
  readonly pattern: string;
  readonly callId?: string;
  readonly remoteStack?: string;
  constructor(fault: Fault, pattern: string, callId?: string);
  static is(value: unknown): value is RemoteError;
}

export type RemoteService = {
  with(options: CallOptions): RemoteService;
} & Readonly<Record<string, (...args: readonly Whatever[]) => Whatever>>;

export interface ReplyOptions extends EventOptions {
  readonly returns?: () => TypeSpec;
  readonly validateResult?: boolean;
}

export type SchemaDefs = Readonly<Record<string, JsonSchema>>;

export interface ServedPattern {
  readonly pattern: string;
  readonly kind: 'message' | 'event';
  readonly group: string;
  readonly instances: number;
}

export interface ServiceStats extends CallStats {
  readonly name: string;
  readonly methods: Readonly<Record<string, CallStats>>;
  readonly instances: readonly InstanceStats[];
}

export interface StandardIssue {
  readonly message: string;
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

export type StandardResult<Output> =
  | {
      readonly value: Output;
      readonly issues?: undefined;
    }
  | {
      readonly issues: readonly StandardIssue[];
    };

export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?:
      | {
          readonly input: unknown;
          readonly output: Output;
        }
      | undefined;
    readonly jsonSchema?:
      | {
          readonly input: (options: { readonly target: 'draft-2020-12' }) => object;
        }
      | undefined;
  };
}

export declare function Streamed<const O extends ReplyOptions = ReplyOptions>(
  options?: O,
): MarkOf<Streamed<unknown>, O>;

export interface Streamed<T> {
  readonly [STREAMED]: T;
}

export declare class StreamedReply<T> extends Observable<T> implements AsyncIterable<T> {
  readonly then: (this: never) => never;
  constructor(
    open: (
      observer: Subscriber<T>,
      pace?: {
        taken: () => void;
      },
    ) => TeardownLogic,
  );
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}

export type TypeSpec = FieldSpec;

export interface ValidationOptions {
  readonly whitelist?: boolean;
  readonly forbidNonWhitelisted?: boolean;
  readonly forbidUnknownValues?: boolean;
  readonly skipMissingProperties?: boolean;
  readonly stopAtFirstError?: boolean;
  readonly groups?: string[];
}

export interface Violation {
  readonly property: string;
  readonly constraints: Readonly<Record<string, string>>;
}

export declare function announceService(
  server: ServerRedisStreams,
  service: AnnouncedService,
): void;

export declare function argumentsSchema(
  { parameters }: MethodSchema,
  $defs: SchemaDefs,
): JsonSchema & {
  readonly $defs: SchemaDefs;
};

export declare function asyncApiDocument(schema: ContractSchema): AsyncApiDocument;

export declare function checkOutcome(
  mode: CheckMode,
  comparison: ContractComparison | undefined,
  force?: boolean,
): CheckOutcome;

export declare function clientSource(schema: ContractSchema): string;

export declare function compareContracts(
  client: ContractSchema,
  server: ContractSchema,
): ContractComparison;

export declare function contractClient<C extends object>(
  contract: ContractClass<C>,
  proxy: AnyClientProxy,
  { check }?: ContractClientOptions,
): ContractClient<C>;

export declare function contractSchema(contract: ContractClass): Promise<ContractSchema>;

export declare function contractToken(contract: ContractClass): symbol;

export declare function describedClient<C extends object>(
  schema: ContractSchema,
  proxy: AnyClientProxy,
): C;

export declare function fromRich(value: unknown): unknown;

export declare function generic<T extends object>(
  base: DtoClass<T>,
  fields: {
    readonly [K in keyof T & string]?: FieldSpec;
  },
): GenericSpec<T>;

export declare function remote(...parameters: readonly unknown[]): never;

export declare function toRich(value: unknown): unknown;

// Named above, and not exported.

declare const COMMAND: unique symbol;

type Checked<M extends Method, O> = Counted<M, O> &
  (ReturnType<M> extends Command<infer T> | Streamed<infer T> ? Returned<T, O> : unknown);

type ClientMethod<M> = M extends (...args: infer A) => Command<infer T>
  ? (...args: A) => Promise<T>
  : M extends (...args: infer A) => Streamed<infer T>
    ? (...args: A) => StreamedReply<T>
    : M extends (...args: infer A) => Event
      ? (...args: A) => Promise<void>
      : never;

type Count<A extends readonly unknown[], N extends 1[] = []> = A extends readonly [
  unknown,
  ...infer Rest,
]
  ? Count<Rest, [...N, 1]>
  : N['length'];

type Counted<M extends Method, O> =
  OptionalOf<Parameters<M>> extends Told<O>
    ? unknown
    : {
        readonly 'say in the decorator': {
          readonly optional: OptionalOf<Parameters<M>>;
        };
      };

declare const EVENT: unique symbol;

type Handler<M> = M extends (...args: infer A) => Command<infer T>
  ? (...args: A) => T | Promise<T> | Observable<T>
  : M extends (...args: infer A) => Streamed<infer T>
    ? (...args: A) => Values<T> | Promise<Values<T>>
    : M extends (...args: infer A) => Event
      ? (...args: A) => void | Promise<void>
      : never;

type Json = Readonly<Record<string, unknown>>;

type Made<O> = O extends {
  readonly returns: () => infer Spec;
}
  ? Spec extends PlainClass | StandardSchema | GenericSpec
    ? unknown
    : Spec extends readonly (infer Item)[]
      ? Item extends PlainClass | StandardSchema | GenericSpec
        ? unknown
        : Item extends DtoClass<infer T>
          ? T[]
          : unknown
      : Spec extends DtoClass<infer T>
        ? T
        : unknown
  : unknown;

type MarkOf<R, O> = <M extends (...args: never[]) => R>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<M> & Checked<M, O>,
) => void;

type Marked = Command<unknown> | Event | Streamed<unknown>;

type Method = (...args: never[]) => unknown;

type MethodKind = 'command' | 'event' | 'streamed';

type OptionalOf<A extends readonly unknown[]> = A extends readonly [unknown, ...infer Rest]
  ? OptionalOf<Rest>
  : Count<Required<A>>;

type Returned<T, O> =
  unknown extends Made<O>
    ? unknown
    : Made<O> extends T
      ? unknown
      : {
          readonly 'the class in "returns" makes': Made<O>;
        };

declare const STREAMED: unique symbol;

type Told<O> = O extends {
  readonly optional: infer N;
}
  ? N
  : 0;

type Values<T> = Observable<T> | AsyncIterable<T>;

type Whatever = ReturnType<typeof JSON.parse>;
