// What a scenario plays and expects, and the defaults for what it leaves out.
import type { RedisStreamsClientOptions, RedisStreamsServerOptions } from 'nestjs-redis-streams';
import type { Kind } from '../processes/load.js';
import type { ChaosRedisOptions } from './redis.js';

/** What a scenario plays. Times are in milliseconds. */
export interface Plan {
  /** Calls in all. */
  readonly calls: number;
  /** Calls per second of all callers together; 0: as fast as `cap` allows. */
  readonly rate: number;
  /** Calls that may be open at once. */
  readonly cap?: number;
  /**
   * Numbers of calls that a caller makes in one turn, drawn by the seed. Calls of one turn may travel as a pack where
   * services have 64 slots or more and handlers take 50 ms or less.
   */
  readonly bursts?: readonly number[];
  /** A wave begins when all calls of the one before have ended; by default all calls are one wave. */
  readonly waves?: number;
  readonly mix: readonly Kind[];
  readonly expect?: Expectations;
  readonly prefix?: string;
  readonly services?: number;
  /** So many of the services are in Python. */
  readonly python?: number;
  readonly callers?: number;
  /** Slots of each service. */
  readonly concurrency?: number;
  readonly leaseTtl?: number;
  /** Timeout of a call that sets none. */
  readonly timeout?: number;
  readonly serverOptions?: RedisStreamsServerOptions;
  readonly clientOptions?: RedisStreamsClientOptions;
  /** Messages are sealed with this secret, which the processes of the fleet have, and the run has not. */
  readonly sealed?: { readonly secret: string };
  /** Over how many streams callers spread the calls of each pattern, where there are several shards. */
  readonly spread?: number;
  /** Patterns have classes of importance, and each call is in one of them. */
  readonly classes?: boolean;
  readonly redis?: Omit<ChaosRedisOptions, 'environment'>;
  /** Instead of one server: a Cluster of three masters with a replica each. */
  readonly cluster?: boolean;
  /** Instead of one server: a master and a replica that three Sentinels watch. */
  readonly sentinels?: boolean;
  /** What counts as stored is on so many replicas, so a failover loses none of it. */
  readonly replicas?: { readonly count: number };
  /** All connections of the fleet go through a proxy. */
  readonly proxy?: boolean;
  /** Clocks of Redis and of the fleet can be set. */
  readonly clocks?: boolean;
  /** Handlers of `inbox` have an effect outside of the transport. */
  readonly effects?: boolean;
  /** Handlers may end their process; then another one is started. */
  readonly crashes?: boolean;
  /** A status may change without a fault. */
  readonly noisy?: boolean;
  /** Notes of starts may stay in Redis. */
  readonly leavesStarts?: boolean;
  /** Calls that all services together can handle per second; for scenarios that depend on it. */
  readonly capacity?: number;
  /** Time after the load within which all work must be done. */
  readonly quietWithin?: number;
  readonly restFor?: number;
  readonly loadWithin?: number;
}

/** What must hold besides the invariants. Times are in milliseconds. */
export interface Expectations {
  /** Least share of calls that end with the handler's answer, or with an error that `codes` permits. */
  readonly success?: number;
  /**
   * Least share that gets an answer, of the calls that may run more than once. Errors do not count, even if
   * `codes` permits them.
   */
  readonly answered?: number;
  /**
   * Errors that calls may end with, as `code/outcome`; with `@ms`, only calls with that timeout or a shorter
   * one.
   */
  readonly codes?: readonly string[];
  /** Errors that `codes` permits are only of calls of which a failover may have lost something. */
  readonly excused?: true;
  /** No call is executed twice, even if a fault would excuse it. */
  readonly duplicates?: 0;
  /** Least share of executions that came in an entry with others. */
  readonly packed?: number;
  /** No call is sent again. */
  readonly resent?: 0;
  /** Each caller has a call that succeeds within this time after each fault. */
  readonly resumeWithin?: number;
  /** Entries of a killed instance are executed again within this time after its death. */
  readonly takeOverWithin?: number;
  /** An instance that was told to end has ended within this time. */
  readonly exitWithin?: number;
  /** A connection that fell silent is replaced within this time. */
  readonly replacedWithin?: number;
  /** A call that is refused is refused within this time. */
  readonly refusedWithin?: number;
  /** The 99th percentile of the time of a call. */
  readonly p99?: number;
  /** The signal of a handler fires within this time after its frozen instance woke up. */
  readonly abortWithin?: number;
  /** Calls may end this much before their deadline, unless the clock of Redis was set. */
  readonly earlyOnlyByRedis?: number;
  /** Each call had one effect through the inbox. */
  readonly effects?: boolean;
  /**
   * Entries that kill their process are dead letters after this many deliveries, unreadable entries after the
   * first.
   */
  readonly deadLetters?: number;
  /** Replies to the other callers take at most this many times as long as before. */
  readonly othersP99?: number;
  readonly overload?: Overload;
  /** An attacker has tried this many ways, and some calls noticed. */
  readonly attacked?: number;
  /** Nothing starts that is paused. */
  readonly pausesHold?: true;
}

/** What must hold when much more is offered than can be handled. */
export interface Overload {
  /** Milliseconds within which a call is refused. */
  readonly rejectedWithin: number;
  /** Least share of the capacity that is used. */
  readonly goodput: number;
  /** Bytes by which Redis may grow. */
  readonly memory: number;
  /**
   * The 99th percentile of the time of a call, in milliseconds, from `calmAfter` milliseconds after the
   * overload on.
   */
  readonly calmP99: number;
  readonly calmAfter: number;
}

type Defaults = Required<
  Pick<
    Plan,
    | 'cap'
    | 'bursts'
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

/** A plan with all defaults. */
export type WholePlan<P extends Plan = Plan> = P & Defaults;

export function withDefaults<P extends Plan>(plan: P): WholePlan<P> {
  const leaseTtl = plan.leaseTtl ?? 10_000;
  const timeout = plan.timeout ?? 30_000;
  const rough = plan.rate > 0 ? (plan.calls / plan.rate) * 1000 : 0;
  const defaults: Defaults = {
    prefix: 'chaos',
    concurrency: 64,
    cap: 800,
    bursts: [1, 4, 16, 100],
    waves: 1,
    // Two leases: a dead owner is noticed after one, and its work is taken over within half a lease more.
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
