import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type { NodeAddress } from './cluster-nodes.js';

const NO_PREFIX = 'scripts declare whole keys, and those of a shard share a hash tag; use `prefix`';
const OWN_RECONNECT = 'the transport replaces dead connections itself; see `retryDelay`';
const OWN_WATCH =
  'a command that was given up may have been done; the transport watches its connections itself';
const NO_QUEUE = 'commands of a dead connection must fail, not wait: calls have their own bounds';
const OWN_ROUTES =
  'the transport connects to the owner of each slot itself, and never to a replica';
const PER_NODE = 'it belongs to the connection to each node; give it at the top level';
const OWN_MOMENT = 'no constructor connects; `listen()` and `connect()` do';

/** Options of ioredis that the transport decides by itself. The text is the reason, and part of the error. */
export const REFUSED_REDIS_OPTIONS = {
  keyPrefix: NO_PREFIX,
  retryStrategy: OWN_RECONNECT,
  maxRetriesPerRequest: NO_QUEUE,
  autoResendUnfulfilledCommands: 'a command sent twice could add a call twice',
  enableOfflineQueue: NO_QUEUE,
  lazyConnect: OWN_MOMENT,
  blockingTimeout: 'the transport watches its blocking reads with heartbeats',
  commandTimeout: OWN_WATCH,
  socketTimeout: OWN_WATCH,
  replyMapping: 'the transport reads replies in the shapes of "legacy"',
} as const satisfies { [K in keyof RedisOptions]?: string };

/** The same for `cluster.options`. */
export const REFUSED_CLUSTER_OPTIONS = {
  keyPrefix: NO_PREFIX,
  clusterRetryStrategy: OWN_RECONNECT,
  clusterNodeRetryStrategy: OWN_RECONNECT,
  enableOfflineQueue: NO_QUEUE,
  lazyConnect: OWN_MOMENT,
  scaleReads: OWN_ROUTES,
  maxRedirections: OWN_ROUTES,
  slotsRefreshInterval: OWN_ROUTES,
  shardedSubscribers: OWN_ROUTES,
  retryDelayOnFailover: OWN_RECONNECT,
  retryDelayOnClusterDown: OWN_RECONNECT,
  retryDelayOnTryAgain: OWN_RECONNECT,
  retryDelayOnMoved: OWN_RECONNECT,
  enableReadyCheck: PER_NODE,
  enableAutoPipelining: PER_NODE,
  autoPipeliningIgnoredCommands: PER_NODE,
  himportFieldsets: PER_NODE,
  scripts: PER_NODE,
  showFriendlyErrorStack: PER_NODE,
} as const satisfies { [K in keyof ClusterOptions]?: string };

type Passed = Omit<RedisOptions, keyof typeof REFUSED_REDIS_OPTIONS>;
type PassedCluster = Omit<ClusterOptions, keyof typeof REFUSED_CLUSTER_OPTIONS>;

type Words<Line> = Line extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : Line;
type Listed<Wanted, Given> = [Wanted, Given] extends [Given, Wanted]
  ? readonly string[]
  : { missing: Exclude<Wanted, Given>; unknown: Exclude<Given, Wanted> };

/** All words of some lines. The compiler compares them with the wanted ones. */
function listing<Wanted extends string>() {
  return <Line extends string>(...lines: Line[]) =>
    lines.flatMap((line) => line.split(' ')) as unknown as Listed<Wanted, Words<Line>>;
}

/** Options that are passed on to ioredis. If a new version has a new option, this does not compile. */
export const PASSED_REDIS_OPTIONS: readonly string[] = listing<keyof Passed>()(
  'host port family path username password db tls connectionName disableClientInfo clientInfoTag',
  'connectTimeout disconnectTimeout blockingTimeoutGrace keepAlive',
  'noDelay protocol reconnectOnError enableReadyCheck maxLoadingRetryTime autoResubscribe readOnly',
  'stringNumbers monitor offlineQueue commandQueue enableAutoPipelining scripts himportFieldsets',
  'autoPipeliningIgnoredCommands showFriendlyErrorStack Connector sentinels name role natMap',
  'sentinelUsername sentinelPassword sentinelRetryStrategy sentinelReconnectStrategy sentinelTLS',
  'sentinelCommandTimeout sentinelMaxConnections enableTLSForSentinelMode preferredSlaves',
  'updateSentinels failoverDetector',
);

/** The same for `cluster.options`. They say how nodes are found. */
export const PASSED_CLUSTER_OPTIONS: readonly string[] = listing<keyof PassedCluster>()(
  'redisOptions natMap dnsLookup resolveSrv useSRVRecords slotsRefreshTimeout',
);

/** Options of a cluster, with the meaning that they have in ioredis. */
export interface PassedClusterOptions extends Omit<PassedCluster, 'redisOptions'> {
  /** Options for the connection to each node. */
  redisOptions?: Omit<
    NonNullable<PassedCluster['redisOptions']>,
    keyof typeof REFUSED_REDIS_OPTIONS
  >;
}

/**
 * Where Redis is: an existing client, a cluster, or one server (also found through `sentinels`).
 * Without any of these it is localhost:6379.
 */
export interface ConnectionOptions extends Passed {
  /**
   * `redis://user:password@host:port/db`, `rediss://` for TLS, or the path of a Unix socket; not
   * together with what it says already, such as `host`. Default: none.
   */
  url?: string;
  /**
   * A Redis Cluster: some of its nodes, and ioredis' options for it. Options of ioredis given at
   * the top level, such as `password` and `tls`, are used for the connection to each node.
   * Default: none.
   */
  cluster?: { nodes: readonly ClusterNode[]; options?: PassedClusterOptions };
  /**
   * Gives `{ username?, password }` for each new connection, at once or as a promise, within 5000 ms:
   * for passwords that change. What it throws is a failed attempt to connect. Not together with
   * `username`, `password`, those of a `url`, or `client`. Default: none.
   */
  credentials?: () => Credentials | Promise<Credentials>;
  /**
   * An existing `Redis` or `Cluster` of ioredis. It is duplicated for each connection and never
   * closed; not together with any other option about the connection. Default: none.
   */
  client?: Redis | Cluster;
}

/** User name and password of a connection. */
export interface Credentials {
  /** The ACL user. Default: Redis' own default user. */
  readonly username?: string;
  readonly password: string;
}

/** Where Redis is. Connections are made from this alone. */
export type RedisTarget =
  | { readonly kind: 'client'; readonly client: Redis | Cluster }
  | {
      readonly kind: 'single';
      readonly options: Readonly<RedisOptions>;
      /** Called for each connection. What it gives is not checked yet. */
      readonly credentials?: () => unknown;
    }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly NodeAddress[];
      readonly options: Readonly<ClusterOptions>;
      readonly credentials?: () => unknown;
    };
