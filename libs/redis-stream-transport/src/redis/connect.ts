import { Redis } from 'ioredis';
import type { Credentials, NodeAddress, RedisTarget } from '../options/index.js';
import { clusterOf, toNode } from './cluster/nodes.js';

/** An ioredis object. It never reconnects by itself: a `Link` replaces it. */
export type Connection = Redis;

/**
 * Options that make a connection end for good when its socket closes: all commands in flight then reject at once. If
 * ioredis reconnected by itself, a command in flight would hang for ever or be sent twice.
 */
export const MORTAL = {
  retryStrategy: () => null,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  lazyConnect: true,
  // Of a client that the user gave: a connection that goes on after it has given up a command would keep it open for ever
  // whether the command was done.
  commandTimeout: undefined,
  socketTimeout: undefined,
} as const;

export const RESP2 = { protocol: 2, replyMapping: 'legacy' } as const;

/** What is particular to one connection. */
export interface ConnectionSettings {
  /** What `CLIENT LIST` shows, unless the user gave a name. */
  readonly name?: string | undefined;
  /** If the option `credentials` is set. */
  readonly credentials?: Credentials | undefined;
  readonly resp2?: boolean | undefined;
  /** Of a Cluster: the node to connect to. */
  readonly node?: NodeAddress | undefined;
  /** Others follow it to another server, so it alone is told by Sentinels that there is one. */
  readonly leads?: boolean;
}

/** Milliseconds in which a socket must connect, unless the user sets `connectTimeout`. */
const CONNECT_TIMEOUT = 4000;
/**
 * Milliseconds after which a server that is still loading its data is asked again, unless the user sets
 * `maxLoadingRetryTime`. By default ioredis waits as long as the server estimates, which may be ten seconds too long.
 */
const LOADING_RETRY = 250;
const PATIENCE = { connectTimeout: CONNECT_TIMEOUT, maxLoadingRetryTime: LOADING_RETRY } as const;

/** Makes a connection, which is not connected yet. A client that the user gave is copied, never used or closed. */
export function createConnection(
  target: RedisTarget,
  { name, credentials, resp2 = false, node, leads = false }: ConnectionSettings = {},
): Connection {
  const own = name === undefined ? {} : { connectionName: name };
  const spoken = resp2 ? RESP2 : {};
  const cluster = clusterOf(target);
  if (cluster !== undefined) {
    const { redisOptions } = cluster.options;
    return new Redis({
      ...PATIENCE,
      ...own,
      ...(node
        ? toNode({ ...redisOptions, ...credentials }, node)
        : { ...redisOptions, ...credentials }),
      ...MORTAL,
      ...spoken,
    });
  }
  if (target.kind === 'client') {
    const redis = target.client as Redis;
    const named = redis.options.connectionName == null ? own : {};
    return redis.duplicate({ ...named, ...MORTAL, ...spoken });
  }
  const { options } = target as Extract<RedisTarget, { kind: 'single' }>;
  const sentinels = options.sentinels !== undefined;
  return new Redis({
    ...PATIENCE,
    ...own,
    ...(sentinels ? { failoverDetector: leads } : {}),
    ...options,
    ...credentials,
    ...(sentinels ? { sentinelRetryStrategy: () => null } : {}),
    ...MORTAL,
    ...spoken,
  });
}

/**
 * Ends a connection at once. `disconnect` alone only ends the writing side and then waits for the peer. On a half-open
 * socket the peer never answers, and commands in flight would wait with it.
 */
export function destroyConnection(connection: Connection): void {
  connection.disconnect();
  // Undefined until it connects.
  (connection as Partial<Redis>).stream?.destroy();
}
