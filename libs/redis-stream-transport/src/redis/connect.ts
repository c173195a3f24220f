import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Credentials, RedisTarget } from '../options/index.js';

/** An ioredis object. It never reconnects by itself: a `Link` replaces it. */
export type Connection = Redis | Cluster;

/**
 * Options that make a connection end for good when its socket closes: all commands in flight then reject at once. If
 * ioredis reconnected by itself, a command in flight would hang for ever or be sent twice.
 */
const MORTAL = {
  retryStrategy: () => null,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  lazyConnect: true,
} as const;

const MORTAL_CLUSTER = {
  clusterRetryStrategy: () => null,
  enableOfflineQueue: false,
  lazyConnect: true,
} as const;

const RESP2 = { protocol: 2, replyMapping: 'legacy' } as const;

/** What is particular to one connection. */
export interface ConnectionSettings {
  /** What `CLIENT LIST` shows, unless the user gave a name. */
  readonly name?: string | undefined;
  /** If the option `credentials` is set. */
  readonly credentials?: Credentials | undefined;
  readonly resp2?: boolean | undefined;
}

/** Milliseconds in which a socket must connect, unless the user sets `connectTimeout`. */
const CONNECT_TIMEOUT = 5000;
/**
 * Milliseconds after which a server that is still loading its data is asked again, unless the user sets
 * `maxLoadingRetryTime`. By default ioredis waits as long as the server estimates, which may be ten seconds too long.
 */
const LOADING_RETRY = 250;

/**
 * Makes a connection, which is not connected yet. A client that the user gave is copied, never used or closed.
 *
 * A Cluster always speaks the protocol that the user chose.
 */
export function createConnection(
  target: RedisTarget,
  { name, credentials, resp2 = false }: ConnectionSettings = {},
): Connection {
  const own = name === undefined ? {} : { connectionName: name };
  const spoken = resp2 ? RESP2 : {};
  switch (target.kind) {
    case 'client':
      return duplicate(target.client, own, spoken);
    case 'cluster':
      return new Cluster([...target.nodes], {
        ...target.options,
        redisOptions: { ...own, ...target.options.redisOptions },
        ...MORTAL_CLUSTER,
      });
    case 'single':
      return new Redis({
        connectTimeout: CONNECT_TIMEOUT,
        maxLoadingRetryTime: LOADING_RETRY,
        ...own,
        ...target.options,
        ...credentials,
        ...(target.options.sentinels === undefined ? {} : { sentinelRetryStrategy: () => null }),
        ...MORTAL,
        ...spoken,
      });
  }
}

function duplicate(
  client: Connection,
  own: Pick<RedisOptions, 'connectionName'>,
  spoken: Partial<typeof RESP2>,
): Connection {
  if (client.isCluster) {
    const { redisOptions } = (client as Cluster).options;
    return (client as Cluster).duplicate(undefined, {
      ...MORTAL_CLUSTER,
      redisOptions: { ...own, ...redisOptions },
    });
  }
  const redis = client as Redis;
  return redis.duplicate({
    ...(redis.options.connectionName == null ? own : {}),
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
  const socket = (connection as Partial<Redis>).stream;
  socket?.destroy();
}
