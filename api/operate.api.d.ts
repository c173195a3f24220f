// What nestjs-redis-streams/operate exports. Printed by `npm run api`, and compared in CI.

import type { RedisStreamsClientOptions } from 'nestjs-redis-streams';

export interface AnsweredPattern {
  readonly pattern: string;
  readonly instances: number;
  readonly once: boolean;
}

export interface Backlog {
  readonly shards: number;
  readonly streams: readonly StreamBacklog[];
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly callers: number;
}

export type Buckets = readonly (readonly [bucket: number, count: number])[];

export interface CallTrace {
  readonly call: string;
  readonly entries: readonly TracedEntry[];
  readonly scheduled: readonly ScheduledEntry[];
  readonly replies: readonly TracedReply[];
  readonly deadLetters: readonly TracedLetter[];
  readonly callerListens: boolean;
  readonly callerKnown: boolean;
  readonly unknown: readonly string[];
}

export interface ConnectedCaller {
  readonly application: string;
  readonly process: string;
  readonly addresses: readonly string[];
  readonly connections: number;
}

export interface EntryTrace {
  readonly id: string;
  readonly entries: readonly TracedEntry[];
  readonly deadLetters: readonly TracedLetter[];
}

export interface ExplainOptions {
  readonly pattern?: string;
  readonly limit?: TimeLimit | number;
}

export interface Finding {
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: FindingCode;
  readonly about: string;
  readonly found: string;
  readonly advice: string;
}

export type FindingCode =
  | 'EVICTION'
  | 'EVICTED'
  | 'OLD_SERVER'
  | 'MIXED_SERVERS'
  | 'NOT_MASTER'
  | 'NO_PERSISTENCE'
  | 'PERSISTENCE_FAILS'
  | 'NO_REPLICA'
  | 'NO_MEMORY_LIMIT'
  | 'MEMORY'
  | 'CONNECTIONS'
  | 'CLOCK'
  | 'UNREAD_STREAM'
  | 'NO_INSTANCE'
  | 'ABANDONED_GROUP'
  | 'UNREGISTERED_GROUP'
  | 'BEHIND'
  | 'OVERDUE'
  | 'BACKLOG'
  | 'RETRIES_FULL'
  | 'DEAD_LETTERS'
  | 'DEAF_INSTANCE'
  | 'WRONG_TYPE'
  | 'STRANGE_KEYS'
  | 'CONTRACT_DRIFT'
  | 'MIXED_VERSIONS'
  | 'MIXED_LIBRARIES'
  | 'PAUSED'
  | 'INCOMPLETE';

export interface GroupBacklog {
  readonly group: string;
  readonly instances: number;
  readonly unread: number;
  readonly pending: number;
  readonly retries: number;
  readonly running: number;
  readonly oldestFor: number | undefined;
  readonly given: number | undefined;
}

export interface HandledTotals {
  readonly running: number;
  readonly waiting: number;
  readonly ended: number;
  readonly errors: number;
  readonly paused: number;
  readonly cancelled: number;
  readonly retries: number;
  readonly dead: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly over: number;
}

export interface HeaderTrace {
  readonly calls: readonly CallTrace[];
  readonly events: readonly TracedEntry[];
  readonly scheduled: readonly ScheduledEntry[];
  readonly deadLetters: readonly TracedLetter[];
  readonly more: boolean;
}

export interface InstanceFacts {
  readonly library: string;
  readonly protocol: number | undefined;
  readonly node: string;
  readonly host: string;
  readonly pid: number | undefined;
  readonly startedAt: number | undefined;
  readonly concurrency: number | undefined;
  readonly leaseTtl: number | undefined;
  readonly maxDeliveries: number | undefined;
  readonly drainTimeout: number | undefined;
  readonly pauseRevision: string | undefined;
}

export interface InstancePauseRequest extends PauseRequest {
  readonly instance: string;
}

export interface InstanceStatistics {
  readonly service: string;
  readonly consumer: string;
  readonly at: number;
  readonly up: number;
  readonly running: number;
  readonly waiting: number;
  readonly more: number;
  readonly patterns: readonly PatternCounts[];
}

export declare class KeptConnections {
  constructor(options?: RedisStreamsClientOptions | undefined, rest?: number);
  close(): Promise<void>;
}

export interface LiveInstance {
  readonly name: string;
  readonly consumers: readonly string[];
  readonly leaseFor: number;
  readonly listens: boolean | undefined;
  readonly facts: InstanceFacts | undefined;
  readonly paused: PausedInstance | undefined;
}

export interface LiveService {
  readonly service: string;
  readonly instances: readonly LiveInstance[];
  readonly answers: readonly AnsweredPattern[];
  readonly hears: readonly string[];
  readonly paused: readonly PausedPattern[];
  readonly seenAt: number | undefined;
}

export interface MessageTrace {
  readonly id: string;
  readonly scheduled: readonly ScheduledEntry[];
  readonly sent: readonly SentMessage[];
}

export interface Overview {
  readonly servers: readonly ServerFacts[];
  readonly services: readonly LiveService[];
  readonly backlog: Backlog;
  readonly callers: readonly ConnectedCaller[] | undefined;
  readonly complete: boolean;
}

export interface PatternCounts {
  readonly pattern: string;
  readonly running: number;
  readonly waiting: number;
  readonly answered: number;
  readonly handled: number;
  readonly failed: number;
  readonly refused: number;
  readonly retried: number;
  readonly dead: number;
  readonly paused: number;
  readonly cancelled: number;
  readonly durations: readonly (readonly [bucket: number, count: number])[];
}

export interface PatternPauseRequest extends PauseRequest {
  readonly pattern: string;
  readonly refuse?: boolean;
}

export interface PatternStatistics extends HandledTotals {
  readonly service: string;
  readonly pattern: string;
}

export interface PauseRequest {
  readonly service?: string;
  readonly until?: number;
  readonly reason?: string;
  readonly wait?: number;
}

export interface PauseResult {
  readonly service: string;
  readonly changed: boolean;
  readonly instances: number;
  readonly applied: number;
  readonly known: boolean;
}

export interface Paused {
  readonly patterns: readonly PausedPattern[];
  readonly instances: readonly PausedInstance[];
}

export interface PausedInstance extends Omit<PausedPattern, 'pattern' | 'refuses'> {
  readonly instance: string;
}

export interface PausedPattern {
  readonly service: string;
  readonly pattern: string;
  readonly at: number;
  readonly until: number | undefined;
  readonly refuses: boolean;
  readonly reason: string;
}

export interface PendingEntry {
  readonly service: string;
  readonly group: string;
  readonly stream: string;
  readonly pattern: string;
  readonly entry: string;
  readonly calls: readonly string[];
  readonly state: 'held' | 'retry' | 'orphaned' | 'started';
  readonly consumer: string;
  readonly instance: string;
  readonly age: number;
  readonly heldFor: number | undefined;
  readonly deliveries: number;
  readonly attempts: number;
  readonly dueAt: number | undefined;
}

export interface PendingFilter {
  readonly service?: string;
  readonly pattern?: string;
  readonly olderThan?: number;
}

export interface PendingPage {
  readonly entries: readonly PendingEntry[];
  readonly more: boolean;
}

export interface ScheduledCount {
  readonly stream: string;
  readonly shard: number;
  readonly count: number;
  readonly nextAt: number;
  readonly overdueFor: number | undefined;
}

export interface ScheduledEntry {
  readonly id: string;
  readonly kind: 'event' | 'call' | 'unreadable';
  readonly pattern: string;
  readonly stream: string;
  readonly shard: number;
  readonly dueAt: number;
  readonly overdueFor: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
  readonly text: string | undefined;
}

export interface ScheduledFilter {
  readonly pattern?: string;
  readonly dueFrom?: number;
  readonly dueBefore?: number;
  readonly overdue?: boolean;
}

export interface ScheduledPage {
  readonly entries: readonly ScheduledEntry[];
  readonly more: boolean;
}

export interface Sender {
  readonly application: string;
  readonly process: string;
  readonly over: number;
  readonly patterns: readonly {
    readonly pattern: string;
    readonly entries: number;
  }[];
}

export interface Senders {
  readonly senders: readonly Sender[];
  readonly complete: boolean;
}

export interface SendersOptions {
  readonly pattern?: string;
  readonly limit?: number;
}

export interface SentMessage {
  readonly pattern: string;
  readonly until: number;
}

export interface ServerFacts {
  readonly version: string;
  readonly port: number | undefined;
  readonly role: string;
  readonly replicas: number | undefined;
  readonly evictionPolicy: string | undefined;
  readonly evictedKeys: number | undefined;
  readonly usedMemory: number | undefined;
  readonly maxMemory: number | undefined;
  readonly aof: boolean | undefined;
  readonly persisted: boolean;
  readonly clients: number | undefined;
  readonly maxClients: number | undefined;
  readonly rejectedConnections: number | undefined;
  readonly clockAhead: number;
  readonly roundTrip: number;
}

export interface Statistics {
  readonly instances: readonly InstanceStatistics[];
  readonly silent: readonly string[];
}

export interface StatisticsOptions {
  readonly service?: string;
  readonly services?: readonly string[];
  readonly patience?: number;
  readonly fresh?: number;
}

export interface StreamBacklog {
  readonly stream: string;
  readonly shard: number;
  readonly length: number;
  readonly added: number;
  readonly quietFor: number | undefined;
  readonly scheduled: number;
  readonly overdueFor: number | undefined;
  readonly groups: readonly GroupBacklog[];
}

export declare class TimeLimit {
  readonly milliseconds: number;
  ranOut: boolean;
  constructor(milliseconds?: number);
  static of(limit: number | TimeLimit): TimeLimit;
  get isOver(): boolean;
  note(what: string, looked: number, of: number | undefined): void;
  get text(): string;
  get unlooked(): Unlooked[];
}

export interface TracedEntry {
  readonly stream: string;
  readonly pattern: string;
  readonly entry: string;
  readonly storedAt: number;
  readonly deadlineAt: number | undefined;
  readonly calls: number;
  readonly once: boolean;
  readonly groups: readonly TracedGroup[];
}

export interface TracedGroup {
  readonly group: string;
  readonly state: 'waits' | 'held' | 'retry' | 'started' | 'done';
  readonly consumer: string | undefined;
  readonly heldFor: number | undefined;
  readonly deliveries: number;
  readonly attempts: number;
  readonly dueAt: number | undefined;
}

export interface TracedLetter {
  readonly id: string;
  readonly group: string;
  readonly at: number;
  readonly reason: string;
  readonly error: string;
  readonly deliveries: number;
  readonly attempts: number;
}

export interface TracedReply {
  readonly at: number;
  readonly instance: string;
  readonly kind: 'value' | 'last value' | 'end' | 'error of the handler' | 'fault' | 'restart';
  readonly deliveries: number;
  readonly text: string | undefined;
}

export interface Unlooked {
  readonly what: string;
  readonly looked: number;
  readonly of: number | undefined;
}

export interface WantedHeader {
  readonly name: string;
  readonly value: string;
}

export type Whereabouts = RedisStreamsClientOptions | KeptConnections;

export declare function countScheduled(
  options?: Whereabouts,
  limit?: TimeLimit,
): Promise<ScheduledCount[]>;

export declare function diagnose(
  options?: Whereabouts,
  given?: TimeLimit | number,
): Promise<Finding[]>;

export declare function explainCall(
  options: Whereabouts | undefined,
  call: string,
  { pattern, limit }?: ExplainOptions,
): Promise<CallTrace>;

export declare function explainEntry(
  options: Whereabouts | undefined,
  id: string,
  { pattern, limit }?: ExplainOptions,
): Promise<EntryTrace>;

export declare function explainHeader(
  options: Whereabouts | undefined,
  header: WantedHeader,
  limit?: TimeLimit | number,
): Promise<HeaderTrace>;

export declare function explainMessage(
  options: Whereabouts | undefined,
  id: string,
  { pattern, limit }?: ExplainOptions,
): Promise<MessageTrace>;

export declare function findScheduled(
  options: Whereabouts | undefined,
  id: string,
  where?: {
    readonly pattern?: string;
    readonly limit?: TimeLimit | number;
  },
): Promise<ScheduledEntry[]>;

export declare function isDrained(backlog: Backlog, quiet?: number): boolean;

export declare function leftIn(backlog: Backlog, quiet?: number): string[];

export declare function patternStatistics(
  now: Statistics,
  before?: Statistics,
): PatternStatistics[];

export declare function pauseInstance(
  options: Whereabouts | undefined,
  request: InstancePauseRequest,
): Promise<PauseResult>;

export declare function pausePattern(
  options: Whereabouts | undefined,
  request: PatternPauseRequest,
): Promise<PauseResult>;

export declare function readBacklog(options?: Whereabouts, limit?: TimeLimit): Promise<Backlog>;

export declare function readDeadLetters(
  options?: Whereabouts,
): Promise<Readonly<Record<string, number>>>;

export declare function readOverview(
  options?: Whereabouts,
  limit?: TimeLimit | number,
): Promise<Overview>;

export declare function readPaused(options?: Whereabouts): Promise<Paused>;

export declare function readPending(
  options?: Whereabouts,
  filter?: PendingFilter,
  most?: number,
  limit?: TimeLimit,
): Promise<PendingPage>;

export declare function readScheduled(
  options?: Whereabouts,
  filter?: ScheduledFilter,
  most?: number,
  limit?: TimeLimit,
): Promise<ScheduledPage>;

export declare function readSenders(
  options?: Whereabouts,
  { pattern, limit }?: SendersOptions,
): Promise<Senders>;

export declare function readServers(options?: Whereabouts): Promise<ServerFacts[]>;

export declare function readServices(
  options?: Whereabouts,
  limit?: TimeLimit,
): Promise<LiveService[]>;

export declare function readShards(options?: Whereabouts): Promise<number | undefined>;

export declare function readStatistics(
  options?: Whereabouts,
  { service, services: known, ...how }?: StatisticsOptions,
): Promise<Statistics>;

export declare function resumeInstance(
  options: Whereabouts | undefined,
  request: Pick<InstancePauseRequest, 'service' | 'instance' | 'wait'>,
): Promise<PauseResult>;

export declare function resumePattern(
  options: Whereabouts | undefined,
  request: Pick<PatternPauseRequest, 'service' | 'pattern' | 'wait'>,
): Promise<PauseResult>;

export declare const totalStatistics: (now: Statistics, before?: Statistics) => HandledTotals;

export declare function withdrawScheduled(
  options: Whereabouts | undefined,
  entries: readonly Pick<ScheduledEntry, 'id' | 'pattern' | 'stream' | 'shard'>[],
): Promise<boolean[]>;
