// What a scenario may leave unsaid.
import type { RedisStreamsClientOptions, RedisStreamsServerOptions } from 'nestjs-redis-streams';
import type { Kind } from '../processes/load.js';
import type { ChaosRedisOptions } from './redis.js';

/** What a scenario says of its run. Times in milliseconds. */
export interface Plan {
  /** In all. */
  readonly calls: number;
  /** Calls per second of all callers together; 0: as fast as `cap` allows. */
  readonly rate: number;
  /** Calls that may be open at once. */
  readonly cap?: number;
  /** A wave begins when all calls of the one before have ended; by default all calls are one wave. */
  readonly waves?: number;
  readonly mix: readonly Kind[];
  readonly expect?: Expectations;
  readonly prefix?: string;
  readonly services?: number;
  readonly callers?: number;
  /** Of each service. */
  readonly concurrency?: number;
  readonly leaseTtl?: number;
  /** Of a call that says none. */
  readonly timeout?: number;
  readonly serverOptions?: RedisStreamsServerOptions;
  readonly clientOptions?: RedisStreamsClientOptions;
  readonly redis?: Omit<ChaosRedisOptions, 'environment'>;
  /** All connections of the fleet lead through a proxy. */
  readonly proxy?: boolean;
  /** Clocks of Redis and of the fleet can be set. */
  readonly clocks?: boolean;
  /** Handlers of `inbox` have an effect outside of the transport. */
  readonly effects?: boolean;
  /** Handlers may end their process; another one is started then. */
  readonly crashes?: boolean;
  /** A status may change although nothing happened. */
  readonly noisy?: boolean;
  /** Notes of starts may stay in Redis. */
  readonly leavesStarts?: boolean;
  /** Calls that all services together can do in a second, where the scenario depends on it. */
  readonly capacity?: number;
  /** Until nothing is left to be done, once the load is over. */
  readonly quietWithin?: number;
  readonly restFor?: number;
  readonly loadWithin?: number;
}

/** What must hold beside the invariants. Times in milliseconds. */
export interface Expectations {
  /** Share of calls that end with the handler's answer; what `codes` permits counts as such. */
  readonly success?: number;
  /** Share of the calls that may run more than once that get an answer, whatever `codes` permits. */
  readonly answered?: number;
  /** Faults that callers may be told, `code/outcome`; with `@ms` only for calls with so short a timeout. */
  readonly codes?: readonly string[];
  /** No call is executed twice, whatever the faults would excuse. */
  readonly duplicates?: 0;
  /** No call is sent again. */
  readonly resent?: 0;
  /** A call succeeds so soon after each fault. */
  readonly resumeWithin?: number;
  /** Orphans are executed again so soon after their owner's death. */
  readonly takeOverWithin?: number;
  /** A terminated instance is gone so soon. */
  readonly exitWithin?: number;
  /** A silenced connection is replaced so soon. */
  readonly replacedWithin?: number;
  /** Calls that are refused are refused so soon. */
  readonly refusedWithin?: number;
  /** One call in a hundred may take longer. */
  readonly p99?: number;
  /** A handler that looks at its signal is told so soon after its instance has woken up. */
  readonly abortWithin?: number;
  /** Deadlines may be early by this much, unless the clock of Redis was set. */
  readonly earlyOnlyByRedis?: number;
  /** Handlers of `inbox` had one effect per call. */
  readonly effects?: boolean;
  /** What kills is a dead letter after so many deliveries, what cannot be read after the first one. */
  readonly deadLetters?: number;
  /** Replies reach other callers in at most so many times the time that they took before. */
  readonly othersP99?: number;
  readonly overload?: Overload;
}

/** What must hold when much more is offered than can be done. */
export interface Overload {
  /** Milliseconds. */
  readonly rejectedWithin: number;
  /** Share of what could be done. */
  readonly goodput: number;
  /** Bytes by which Redis may grow. */
  readonly memory: number;
  /** Milliseconds that one call in a hundred may take, `calmAfter` milliseconds after the overload. */
  readonly calmP99: number;
  readonly calmAfter: number;
}

type Defaults = Required<
  Pick<
    Plan,
    | 'cap'
    | 'waves'
    | 'expect'
    | 'prefix'
    | 'services'
    | 'callers'
    | 'concurrency'
    | 'leaseTtl'
    | 'timeout'
    | 'redis'
    | 'quietWithin'
    | 'restFor'
    | 'loadWithin'
  >
>;

/** A plan in which nothing is left unsaid. */
export type WholePlan<P extends Plan = Plan> = P & Defaults;

export function withDefaults<P extends Plan>(plan: P): WholePlan<P> {
  const leaseTtl = plan.leaseTtl ?? 10_000;
  const timeout = plan.timeout ?? 30_000;
  const rough = plan.rate > 0 ? (plan.calls / plan.rate) * 1000 : 0;
  const defaults: Defaults = {
    prefix: 'chaos',
    concurrency: 16,
    cap: 64,
    waves: 1,
    // Two leases: a dead owner is noticed after one, and taken over within another half.
    quietWithin: 2 * leaseTtl + 5000,
    restFor: 1500,
    loadWithin: 4 * rough + 4 * timeout + 1_800_000,
    expect: {},
    redis: {},
    leaseTtl,
    timeout,
    services: 4,
    callers: 4,
  };
  return { ...defaults, ...plan };
}
