// What nestjs-redis-streams exports. Printed by `npm run api`, and compared in CI.

import type { Logger, OnApplicationShutdown } from '@nestjs/common';
import type {
  BaseRpcContext,
  ClientProxy,
  CustomTransportStrategy,
  MessageHandler,
  MsPattern,
  ReadPacket,
  RpcException,
  Server,
  Transport,
  WritePacket,
} from '@nestjs/microservices';
import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type { DiagnosticsMessages, DiagnosticsName } from 'nestjs-redis-streams/diagnostics';
import type { Proof } from 'nestjs-redis-streams/protocol';
import type { InspectOptions, inspect } from 'node:util';
import type { Observable, Subscriber, TeardownLogic } from 'rxjs';

export interface BatchOptions {
  readonly size?: number;
  readonly ms?: number;
}

export interface CallHooks {
  before?(call: HookedCall): unknown;
  after?(call: HookedCall, value: unknown): unknown;
  error?(call: HookedCall, error: unknown): unknown;
}

export type CallOutcome = 'not-run' | 'may-have-run';

export type CallResult<T = unknown> =
  | {
      readonly state: 'done';
      readonly values: readonly T[];
      readonly storedAt: number | undefined;
      readonly endedAt: number;
    }
  | {
      readonly state: 'failed';
      readonly error: unknown;
      readonly values: readonly T[];
      readonly storedAt: number | undefined;
      readonly endedAt: number;
    }
  | {
      readonly state: 'waiting' | 'running';
      readonly storedAt: number;
    }
  | {
      readonly state: 'unknown';
    };

export declare class ClientRedisStreams extends ClientProxy<RedisStreamsEvents, string> {
  constructor(options?: RedisStreamsClientOptions);
  get status(): Observable<RedisStreamsStatus>;
  connect(): Promise<void>;
  close(): Promise<void>;
  on<Name extends keyof RedisStreamsEvents>(event: Name, callback: RedisStreamsEvents[Name]): void;
  unwrap<T>(): T;
  send<TResult = Whatever, TInput = Whatever>(pattern: unknown, data: TInput): Observable<TResult>;
  stream<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): StreamedReply<TResult>;
  emit<TResult = Whatever, TInput = Whatever>(pattern: unknown, data: TInput): Observable<TResult>;
  sendWithMeta<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): Observable<ReplyWithMeta<TResult>>;
  sendMany<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    items: Iterable<TInput>,
  ): Promise<PromiseSettledResult<TResult | undefined>[]>;
  emitMany<TInput = Whatever>(
    pattern: unknown,
    items: Iterable<TInput>,
  ): Promise<PromiseSettledResult<void>[]>;
  resultOf<T = Whatever>(pattern: unknown, id: string): Promise<CallResult<T>>;
  cancelScheduled(pattern: unknown, id: string): Promise<boolean>;
  protected normalizePattern(pattern: MsPattern): string;
  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void;
  protected dispatchEvent<T = unknown>(packet: ReadPacket): Promise<T>;
}

export interface CommonOptions {
  prefix?: string;
  maxPayloadBytes?: number;
  lanes?: Readonly<Record<string, readonly string[]>>;
  shards?: number;
  replicas?: Replicas;
  serializer?: PacketSerializer;
  deserializer?: PacketDeserializer;
  retryAttempts?: number;
  retryDelay?: number;
}

export interface ConnectionOptions extends Passed {
  url?: string;
  cluster?: {
    nodes: readonly ClusterNode[];
    options?: PassedClusterOptions;
  };
  credentials?: () => Credentials | Promise<Credentials>;
  client?: Redis | Cluster;
}

export interface Credentials {
  readonly username?: string;
  readonly password: string;
}

export declare class DeadLetter extends Instruction {
  constructor(
    reason?: string,
    options?: {
      cause?: unknown;
    },
  );
  static is(value: unknown): value is DeadLetter;
}

export interface HandlerExtras extends HandlerSynonyms {
  concurrency?: number;
  group?: string;
  retry?: Partial<RetryPolicy>;
  lane?: string;
  atMostOnce?: boolean;
  spread?: number;
  priorities?: boolean;
  broadcast?: boolean;
  restartable?: boolean;
  threads?: true | number;
  batch?: BatchOptions;
  overflow?: Overflow;
  buffer?: number;
}

export interface HandlerSynonyms {
  queue?: string;
  prefetchCount?: number;
}

export type Headers = Readonly<Record<string, string>>;

export interface HookedCall {
  readonly kind: 'call' | 'event';
  readonly pattern: string;
  readonly data: unknown;
  readonly headers: Record<string, string>;
  readonly callId: string | undefined;
  readonly values: number;
  readonly took: number;
}

export type LinkRole = 'commands' | 'reader' | 'subscriber' | 'changes';

export interface NackOptions {
  readonly requeue?: boolean;
  readonly delay?: number;
  readonly reason?: string;
}

export type Overflow = 'error' | 'latest' | 'drop';

export interface PacketDeserializer {
  readonly codec?: string;
  deserialize(value: unknown, options?: Record<string, unknown>): unknown;
}

export interface PacketSerializer {
  readonly codec?: string;
  serialize(value: unknown, options?: Record<string, unknown>): unknown;
}

export interface PassedClusterOptions extends Omit<PassedCluster, 'redisOptions'> {
  redisOptions?: Omit<
    NonNullable<PassedCluster['redisOptions']>,
    keyof typeof REFUSED_REDIS_OPTIONS
  >;
}

export type Priority = 'high' | 'normal' | 'low';

export interface ProvenCaller {
  readonly name: string;
  readonly key: string;
  readonly proof: Proof;
  readonly replayedBy?: string;
}

export declare const REDIS_STREAMS: unique symbol;

export declare const REDIS_STREAMS_ERROR_CODES: {
  readonly INVALID_OPTION: CodeFacts;
  readonly INVALID_MESSAGE: CodeFacts;
  readonly CODEC_MISMATCH: CodeFacts;
  readonly UNTRUSTED: CodeFacts;
  readonly KEY_UNAVAILABLE: CodeFacts;
  readonly PAYLOAD_TOO_LARGE: CodeFacts;
  readonly OVERLOADED: CodeFacts;
  readonly PAUSED: CodeFacts;
  readonly NO_CONSUMER: CodeFacts;
  readonly NO_HANDLER: CodeFacts;
  readonly GROUP_CONFLICT: CodeFacts;
  readonly DUPLICATE_HANDLER: CodeFacts;
  readonly UNSUPPORTED_VERSION: CodeFacts;
  readonly NOT_CONNECTED: CodeFacts;
  readonly REDIS: CodeFacts;
  readonly TIMEOUT: CodeFacts;
  readonly CANCELLED: CodeFacts;
  readonly HOOK_FAILED: CodeFacts;
  readonly CLOSED: CodeFacts;
  readonly DEAD_LETTERED: CodeFacts;
  readonly INTERRUPTED: CodeFacts;
  readonly THREAD_LOST: CodeFacts;
  readonly REPLY_LOST: CodeFacts;
  readonly IDEMPOTENCY_MISMATCH: CodeFacts;
};

export interface RecordOptions {
  headers?: Headers;
  timeout?: number;
  idleTimeout?: number;
  idempotencyKey?: string;
  atMostOnce?: boolean;
  signal?: AbortSignal;
  expiresIn?: number;
  delay?: number;
  notBefore?: Date | number;
  messageId?: string;
  priority?: Priority;
  whenNoConsumer?: WhenNoConsumer;
  keepResult?: boolean;
  onStored?: (stored: StoredEntry) => void;
  window?: Window | boolean;
}

export declare class RedisStreamsBatchContext extends BaseRpcContext<[pattern: string]> {
  readonly contexts: readonly RedisStreamsContext[];
  constructor(contexts: readonly RedisStreamsContext[]);
  getPattern(): string;
  get signal(): AbortSignal;
  toJSON(): object;
}

export interface RedisStreamsClientOptions extends CommonOptions, ConnectionOptions {
  timeout?: number;
  idleTimeout?: number;
  maxPending?: number;
  maxBacklog?: number;
  messageIdWindow?: number;
  headers?: Headers;
  whenNoConsumer?: WhenNoConsumer;
  passHeaders?: readonly string[];
  wildcards?: boolean;
  hooks?: CallHooks | readonly CallHooks[];
  window?: Window | boolean;
}

export declare class RedisStreamsContext extends BaseRpcContext<Args> {
  getPattern(): string;
  getStream(): string;
  getPriority(): Priority;
  getMessageId(): string;
  getCallId(): string | undefined;
  getReplyAddress(): string | undefined;
  getCaller(): ProvenCaller | undefined;
  getConsumer(): string;
  getDeliveryCount(): number;
  getFailedAttempts(): number;
  getMetadata(): Readonly<Record<string, string>>;
  getIdempotencyKey(): string | undefined;
  get signal(): AbortSignal;
  get deadline(): number | undefined;
  remainingTime(): number;
  setReplyHeaders(headers: Readonly<Record<string, string>>): void;
  ack(): void;
  retry(delayMs?: number): void;
  deadLetter(reason?: string): void;
  nack(options?: NackOptions): void;
  toJSON(): RedisStreamsContextFacts;
  [inspect.custom](depth: number, options: InspectOptions): string;
}

export interface RedisStreamsContextFacts {
  readonly pattern: string;
  readonly stream: string;
  readonly messageId: string;
  readonly callId?: string;
  readonly consumer: string;
  readonly deliveryCount: number;
  readonly failedAttempts: number;
  readonly deadline?: number;
  readonly aborted: boolean;
}

export declare class RedisStreamsError extends Error {
  readonly status: 'error';
  readonly code: RedisStreamsErrorCode;
  readonly outcome: CallOutcome;
  readonly retryable: boolean;
  readonly pattern?: string;
  readonly callId?: string;
  readonly until?: number;
  constructor(
    code: RedisStreamsErrorCode,
    message: string,
    options?: {
      outcome?: CallOutcome;
      pattern?: string;
      until?: number;
      cause?: unknown;
    },
  );
  static isRedisStreamsError(value: unknown): value is RedisStreamsError;
  static callIdOf(error: unknown): string | undefined;
  toJSON(): {
    until?: number | undefined;
    callId?: string | undefined;
    pattern?: string | undefined;
    name: string;
    code:
      | 'INVALID_OPTION'
      | 'INVALID_MESSAGE'
      | 'CODEC_MISMATCH'
      | 'UNTRUSTED'
      | 'KEY_UNAVAILABLE'
      | 'PAYLOAD_TOO_LARGE'
      | 'OVERLOADED'
      | 'PAUSED'
      | 'NO_CONSUMER'
      | 'NO_HANDLER'
      | 'GROUP_CONFLICT'
      | 'DUPLICATE_HANDLER'
      | 'UNSUPPORTED_VERSION'
      | 'NOT_CONNECTED'
      | 'REDIS'
      | 'TIMEOUT'
      | 'CANCELLED'
      | 'HOOK_FAILED'
      | 'CLOSED'
      | 'DEAD_LETTERED'
      | 'INTERRUPTED'
      | 'THREAD_LOST'
      | 'REPLY_LOST'
      | 'IDEMPOTENCY_MISMATCH';
    message: string;
    outcome: CallOutcome;
    retryable: boolean;
    status: 'error';
  };
}

export type RedisStreamsErrorCode = keyof typeof REDIS_STREAMS_ERROR_CODES;

export type RedisStreamsEvents = {
  ready: (connection: LinkRole) => void;
  close: (connection: LinkRole, reason: Error) => void;
  error: (connection: LinkRole, error: Error, attempt: number) => void;
} & {
  [Name in DiagnosticsName]: (message: DiagnosticsMessages[Name]) => void;
};

export declare class RedisStreamsModule
  extends ConfigurableModuleClass
  implements OnApplicationShutdown
{
  constructor(client: ClientRedisStreams);
  onApplicationShutdown(): Promise<void>;
}

export declare class RedisStreamsRecord<TData = unknown> {
  readonly data: TData;
  readonly options?: RecordOptions | undefined;
  constructor(data: TData, options?: RecordOptions | undefined);
}

export declare class RedisStreamsRecordBuilder<TData = unknown> {
  constructor(data?: TData | undefined);
  setData(data: TData): this;
  setOptions(options: RecordOptions): this;
  build(): RedisStreamsRecord<TData | undefined>;
}

export interface RedisStreamsServerOptions
  extends CommonOptions, ConnectionOptions, ServerSynonyms {
  group?: string;
  concurrency?: number;
  maxDeliveries?: number;
  leaseTtl?: number;
  reconnectGrace?: number;
  drainTimeout?: number;
  maxReplyBytes?: number;
  exposeStack?: boolean;
  replyTtl?: number;
  retry?: Partial<RetryPolicy>;
  retention?: Retention;
  groupTtl?: number;
  history?: boolean;
  wildcards?: boolean;
  wildcardStreams?: number;
  threads?: ThreadOptions;
  deadLetterExpired?: boolean;
  requireNoEviction?: boolean;
}

export type RedisStreamsStatus = 'connected' | 'partial' | 'reconnecting' | 'disconnected';

export interface Replicas {
  readonly count: number;
  readonly timeout?: number;
}

export interface ReplyMeta extends ReplyOrigin {
  readonly callId: string;
}

export interface ReplyOrigin {
  readonly headers: Readonly<Record<string, string>>;
  readonly instance: string;
  readonly deliveryCount: number;
}

export interface ReplyWithMeta<T> extends ReplyMeta {
  readonly value: T;
}

export interface Retention {
  readonly count?: number;
  readonly age?: number;
}

export declare class RetryLater extends Instruction {
  readonly delayMs?: number;
  constructor(
    delayMs?: number,
    options?: {
      cause?: unknown;
    },
  );
  static is(value: unknown): value is RetryLater;
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly delay: number;
  readonly maxDelay: number;
  readonly factor: number;
  readonly jitter: number;
  readonly unless?: RetryUnless;
}

export type RetryUnless = (error: unknown) => boolean;

export interface ServerHealth {
  readonly state: 'idle' | 'starting' | 'running' | 'draining' | 'closed';
  readonly member: boolean;
  readonly leaseFor: number;
  readonly readAgo: number;
  readonly behind: number;
  readonly running: number;
  readonly leftOut: number;
  readonly shards: {
    readonly up: number;
    readonly all: number;
  };
}

export declare class ServerRedisStreams
  extends Server<RedisStreamsEvents, string>
  implements CustomTransportStrategy
{
  transportId: symbol;
  readonly propagatesEventHandlerErrors = true;
  protected readonly logger: Logger;
  protected onProcessingStartHook: ProcessingStartHook;
  constructor(options?: RedisStreamsServerOptions);
  get status(): Observable<RedisStreamsStatus>;
  addHandler(
    pattern: MsPattern,
    callback: MessageHandler,
    isEventHandler?: boolean,
    extras?: Record<string, unknown>,
  ): void;
  listen(callback: (error?: unknown) => void): Promise<void>;
  close(): Promise<void>;
  health(): ServerHealth;
  on<Name extends keyof RedisStreamsEvents>(event: Name, callback: RedisStreamsEvents[Name]): void;
  unwrap<T>(): T;
  setOnProcessingStartHook(hook: ProcessingStartHook): void;
  setOnProcessingEndHook(hook: ProcessingEndHook): void;
  protected normalizePattern(pattern: MsPattern): string;
}

export interface ServerSynonyms extends HandlerSynonyms {
  gracePeriod?: number;
}

export interface StoredEntry {
  readonly id: string;
  readonly stream: string;
  readonly callId: string | undefined;
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

export interface ThreadOptions {
  readonly size?: number;
  readonly queue?: number;
  readonly memory?: number;
  readonly idleTimeout?: number;
  readonly grace?: number;
  readonly timeout?: number;
  readonly execArgv?: readonly string[];
}

export type WhenNoConsumer = 'fail' | 'wait' | number;

export interface Window {
  readonly values?: number;
  readonly characters?: number;
}

// Named above, and not exported.

type Args = [pattern: string, metadata: Readonly<Record<string, string>>];

interface CodeFacts {
  readonly meaning: string;
  readonly retryable: boolean;
}

declare const ConfigurableModuleClass: import('@nestjs/common').ConfigurableModuleCls<
  RedisStreamsClientOptions,
  'forRoot',
  'create',
  {
    isGlobal: boolean;
  }
>;

declare abstract class Instruction extends RpcException {
  constructor(
    message: string,
    options?: {
      cause?: unknown;
    },
  );
  getError(): object;
  toJSON(): object;
}

type Passed = Omit<RedisOptions, keyof typeof REFUSED_REDIS_OPTIONS>;

type PassedCluster = Omit<ClusterOptions, keyof typeof REFUSED_CLUSTER_OPTIONS>;

type ProcessingEndHook = (transportId: Transport | symbol, context: BaseRpcContext) => void;

type ProcessingStartHook = (
  transportId: Transport | symbol,
  context: BaseRpcContext,
  done: () => Promise<unknown>,
) => void;

declare const REFUSED_CLUSTER_OPTIONS: {
  readonly keyPrefix: 'scripts declare whole keys, and those of a shard share a hash tag; use `prefix`';
  readonly clusterRetryStrategy: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly clusterNodeRetryStrategy: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly enableOfflineQueue: 'commands of a dead connection must fail, not wait: calls have their own bounds';
  readonly lazyConnect: 'no constructor connects; `listen()` and `connect()` do';
  readonly scaleReads: 'the transport connects to the owner of each slot itself, and never to a replica';
  readonly maxRedirections: 'the transport connects to the owner of each slot itself, and never to a replica';
  readonly slotsRefreshInterval: 'the transport connects to the owner of each slot itself, and never to a replica';
  readonly shardedSubscribers: 'the transport connects to the owner of each slot itself, and never to a replica';
  readonly retryDelayOnFailover: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly retryDelayOnClusterDown: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly retryDelayOnTryAgain: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly retryDelayOnMoved: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly enableReadyCheck: 'it belongs to the connection to each node; give it at the top level';
  readonly enableAutoPipelining: 'it belongs to the connection to each node; give it at the top level';
  readonly autoPipeliningIgnoredCommands: 'it belongs to the connection to each node; give it at the top level';
  readonly himportFieldsets: 'it belongs to the connection to each node; give it at the top level';
  readonly scripts: 'it belongs to the connection to each node; give it at the top level';
  readonly showFriendlyErrorStack: 'it belongs to the connection to each node; give it at the top level';
};

declare const REFUSED_REDIS_OPTIONS: {
  readonly keyPrefix: 'scripts declare whole keys, and those of a shard share a hash tag; use `prefix`';
  readonly retryStrategy: 'the transport replaces dead connections itself; see `retryDelay`';
  readonly maxRetriesPerRequest: 'commands of a dead connection must fail, not wait: calls have their own bounds';
  readonly autoResendUnfulfilledCommands: 'a command sent twice could add a call twice';
  readonly enableOfflineQueue: 'commands of a dead connection must fail, not wait: calls have their own bounds';
  readonly lazyConnect: 'no constructor connects; `listen()` and `connect()` do';
  readonly blockingTimeout: 'the transport watches its blocking reads with heartbeats';
  readonly commandTimeout: 'a command that was given up may have been done; the transport watches its connections itself';
  readonly socketTimeout: 'a command that was given up may have been done; the transport watches its connections itself';
  readonly replyMapping: 'the transport reads replies in the shapes of "legacy"';
};

type Whatever = ReturnType<typeof JSON.parse>;
