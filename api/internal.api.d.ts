// What nestjs-redis-streams/internal exports. Printed by `npm run api`, and compared in CI.

import type { MessageHandler } from '@nestjs/microservices';
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type {
  CallHooks,
  ClientRedisStreams,
  LinkRole,
  PacketDeserializer,
  PacketSerializer,
  RedisStreamsClientOptions,
  RedisStreamsServerOptions,
  Retention,
  RetryPolicy,
  ServerRedisStreams,
  WhenNoConsumer,
} from 'nestjs-redis-streams';
import type { Keys } from 'nestjs-redis-streams/protocol';

export declare const CLIENT_TABLE: {
  readonly prefix: Option<string, string>;
  readonly maxPayloadBytes: Option<number, number>;
  readonly lanes: Option<ReadonlyMap<string, string>, ReadonlyMap<string, string>>;
  readonly shards: Option<number, number | undefined>;
  readonly replicas: Option<Required<Replicas>, undefined>;
  readonly serializer: Option<PacketSerializer, undefined>;
  readonly deserializer: Option<PacketDeserializer, undefined>;
  readonly retryAttempts: Option<number, number | undefined>;
  readonly retryDelay: Option<number, number>;
  readonly timeout: Option<number, number>;
  readonly idleTimeout: Option<number, number | undefined>;
  readonly maxPending: Option<number, number>;
  readonly maxBacklog: Option<number, number>;
  readonly messageIdWindow: Option<number, number>;
  readonly headers: {
    readonly default: Readonly<Readonly<Record<string, string>>>;
    readonly type: string;
    readonly bounds?: string;
    readonly read: (
      this: void,
      value: unknown,
      name: string,
      place: Place,
    ) => Readonly<Record<string, string>>;
  };
  readonly whenNoConsumer: {
    readonly default: 1000;
    readonly type: string;
    readonly bounds?: string;
    readonly read: (this: void, value: unknown, name: string, place: Place) => WhenNoConsumer;
  };
  readonly passHeaders: Option<readonly string[], undefined>;
  readonly wildcards: Option<boolean, false>;
  readonly hooks: Option<readonly CallHooks[], undefined>;
  readonly window: Option<false | ResolvedWindow, undefined>;
};

export interface ClientShard {
  readonly commands: Link;
  readonly keys: Keys;
}

export declare class CommandFailure extends Error {
  readonly kind: FailureKind;
  readonly reply: string;
  readonly name = 'CommandFailure';
  constructor(kind: FailureKind, reply: string, message: string, cause?: unknown);
  get passing(): boolean;
  get moved(): boolean;
  get demoted(): boolean;
  get steppedDown(): boolean;
}

export type CompanionFactory = (
  link: Link,
  keys: Keys,
  options: ResolvedServerOptions,
) => LeaseCompanion;

export type Connection = Redis;

export interface ConnectionKeeper {
  opened(link: object, connection: Connection): Promise<void>;
  ended(link: object): void;
}

export type FailureKind = 'refused' | 'lost' | 'unsent';

export declare const HANDLER_HOOK: unique symbol;

export type HandlerHook = (
  server: LeaseHost,
  pattern: string,
  handler: MessageHandler,
) => MessageHandler;

export interface LeadingLink {
  readonly isTrying: boolean;
  afterTrying(callback: () => void): void;
  readonly server: string | undefined;
  whenReady(callback: () => void): void;
  leaveServer(failure: CommandFailure, wrongServer?: boolean): void;
}

export interface LeaseCompanion {
  confirmed(owner: Owner): Promise<void>;
  leaving(owner: Owner): Promise<void>;
}

export interface LeaseHost {
  accompany(companion: CompanionFactory): void;
}

export declare class Link implements LeadingLink {
  readonly role: LinkRole;
  constructor(role: LinkRole, settings: LinkSettings, hooks: LinkHooks);
  get isUp(): boolean;
  get current(): Connection | undefined;
  get obstacle(): Error | undefined;
  get isTrying(): boolean;
  get server(): string | undefined;
  afterTrying(callback: () => void): void;
  whenReady(callback: () => void): void;
  start(): void;
  stop(): Promise<void>;
  recycle(reason: string): void;
  renew(reason: string): void;
  command(name: string, args: readonly string[], blocking?: number): Promise<unknown>;
  leaveServer(failure: CommandFailure, wrongServer?: boolean): void;
}

export interface LinkHooks {
  up(connection: Connection): Promise<void>;
  down(): void;
}

export interface LinkObserver {
  ready(role: LinkRole): void;
  closed(role: LinkRole, reason: Error): void;
  failed(role: LinkRole, error: Error, attempt: number): void;
}

export interface LinkSettings {
  readonly target: RedisTarget;
  readonly server?: ServerFinder | undefined;
  readonly maxPause: number;
  readonly observer: LinkObserver;
  readonly name?: (role: LinkRole) => string;
  readonly ahead?: LeadingLink;
  readonly resp2?: boolean;
  readonly shared?: object;
  readonly keeper?: ConnectionKeeper;
}

export interface NodeAddress extends RedisOptions {
  readonly host: string;
  readonly port: number;
}

export interface Option<T = unknown, D = unknown> {
  readonly type: string;
  readonly bounds?: string;
  readonly default: D;
  read(this: void, value: unknown, name: string, place: Place): T;
}

export type OptionTable = Readonly<Record<string, Option>>;

export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<infer V, infer D> ? V | D : never;
};

export interface Owner {
  readonly consumer: string;
  readonly token: string;
}

export interface Place {
  readonly owner: string;
  readonly pattern?: string;
}

export type RedisTarget =
  | {
      readonly kind: 'client';
      readonly client: Redis | Cluster;
    }
  | {
      readonly kind: 'single';
      readonly options: Readonly<RedisOptions>;
      readonly credentials?: () => unknown;
    }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly NodeAddress[];
      readonly options: Readonly<ClusterOptions>;
      readonly credentials?: () => unknown;
    };

export interface Replicas {
  readonly count: number;
  readonly timeout?: number;
}

export interface ResolvedClientOptions extends Omit<OptionValues<typeof CLIENT_TABLE>, 'shards'> {
  readonly shards: number;
  readonly redis: RedisTarget;
}

export interface ResolvedServerOptions extends Omit<
  OptionValues<typeof SERVER_TABLE>,
  'retry' | 'shards'
> {
  readonly shards: number;
  readonly retry: RetryPolicy;
  readonly explicitGroup: boolean;
  readonly redis: RedisTarget;
}

export interface ResolvedWindow extends Required<Window> {
  readonly most: number;
}

export declare const SERVER_TABLE: {
  readonly prefix: Option<string, string>;
  readonly maxPayloadBytes: Option<number, number>;
  readonly lanes: Option<ReadonlyMap<string, string>, ReadonlyMap<string, string>>;
  readonly shards: Option<number, number | undefined>;
  readonly replicas: Option<Required<Replicas>, undefined>;
  readonly serializer: Option<PacketSerializer, undefined>;
  readonly deserializer: Option<PacketDeserializer, undefined>;
  readonly retryAttempts: Option<number, number | undefined>;
  readonly retryDelay: Option<number, number>;
  readonly group: Option<string, string>;
  readonly concurrency: Option<number, number>;
  readonly maxDeliveries: Option<number, number>;
  readonly leaseTtl: Option<number, number>;
  readonly reconnectGrace: Option<number, number>;
  readonly drainTimeout: Option<number, number>;
  readonly maxReplyBytes: Option<number, number>;
  readonly exposeStack: Option<boolean, false>;
  readonly replyTtl: Option<number, number>;
  readonly retry: Option<Partial<RetryPolicy>, undefined>;
  readonly retention: Option<Retention, Retention>;
  readonly groupTtl: Option<number, number>;
  readonly history: Option<boolean, false>;
  readonly wildcards: Option<boolean, false>;
  readonly wildcardStreams: Option<number, number>;
  readonly threads: Option<
    OptionValues<{
      readonly size: Option<number, number | undefined>;
      readonly queue: Option<number, number>;
      readonly memory: Option<number, number>;
      readonly idleTimeout: Option<number, number>;
      readonly grace: Option<number, number>;
      readonly timeout: Option<number, number | undefined>;
      readonly execArgv: Option<readonly string[], undefined>;
    }>,
    OptionValues<{
      readonly size: Option<number, number | undefined>;
      readonly queue: Option<number, number>;
      readonly memory: Option<number, number>;
      readonly idleTimeout: Option<number, number>;
      readonly grace: Option<number, number>;
      readonly timeout: Option<number, number | undefined>;
      readonly execArgv: Option<readonly string[], undefined>;
    }>
  >;
  readonly deadLetterExpired: Option<boolean, false>;
  readonly requireNoEviction: Option<boolean, false>;
};

export interface Script<
  Keys extends Names = Names,
  Args extends Names = Names,
  Per extends Each | undefined = Each | undefined,
> {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
  readonly keys: Keys;
  readonly args: Args;
  readonly each: Per;
}

interface Definition<Keys extends Names, Args extends Names, Per extends Each | undefined> {
  readonly name: string;
  readonly keys: Keys;
  readonly args: Args;
  readonly each?: Per;
  readonly flags?: 'allow-oom';
  readonly lua: string;
}

export { Definition as ScriptDefinition };

interface Each {
  readonly name: string;
  readonly keys: Names;
  readonly args: Names;
}

export { Each as ScriptEach };

type Given<Keys extends Names, Args extends Names, Per extends Each | undefined> = Named<
  Keys[number] | Args[number]
> &
  (Per extends Each
    ? {
        readonly [Name in Per['name']]: readonly Named<Per['keys'][number] | Per['args'][number]>[];
      }
    : unknown);

export { Given as ScriptGiven };

type Named<N extends string> = {
  readonly [Name in N as Name extends `...${infer List}` ? List : Name]: Name extends `...${string}`
    ? readonly Value[]
    : Value;
};

export { Named as ScriptNamed };

type Names = readonly string[];

export { Names as ScriptNames };

type Sender = Pick<Link, 'command'>;

export { Sender as ScriptSender };

type Value = string | number | boolean;

export { Value as ScriptValue };

export interface ServerFinder {
  find(): Promise<NodeAddress>;
  doubt(): void;
}

export interface Window {
  readonly values?: number;
  readonly characters?: number;
}

export declare function accompany(server: ServerRedisStreams, companion: CompanionFactory): void;

export declare function clientShard(client: ClientRedisStreams): Promise<ClientShard>;

export declare function connectionNames(
  side: 'server' | 'client' | 'dead-letters' | 'operate' | 'metrics',
  of: string,
  instance: () => string,
): (role: LinkRole) => string;

export declare function defineScript<
  const Keys extends Names,
  const Args extends Names,
  const Per extends Each | undefined = undefined,
>(definition: Definition<Keys, Args, Per>): Script<Keys, Args, Per>;

export declare function resolveClientOptions(
  raw?: RedisStreamsClientOptions,
): ResolvedClientOptions;

export declare function resolveServerOptions(
  raw?: RedisStreamsServerOptions,
): ResolvedServerOptions;

declare function run<Keys extends Names, Args extends Names, Per extends Each | undefined>(
  link: Sender,
  script: Script<Keys, Args, Per>,
  given: NoInfer<Given<Keys, Args, Per>>,
): Promise<unknown>;

export { run as runScript };

export declare function slotOwner(target: RedisTarget, key: string): ServerFinder | undefined;

export declare function thisProcess(): string;
