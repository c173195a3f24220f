import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Credentials, RedisTarget } from '../options/index.js';

/** One ioredis object. It never reconnects by itself: a `Link` replaces it. */
export type Connection = Redis | Cluster;

/**
 * With ioredis' own reconnect a command in flight hangs for ever or is sent twice, so every connection
 * is made to die: when its socket closes, all that is in flight rejects at once.
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

/** Time for a socket to connect, in milliseconds, unless the user sets `connectTimeout`. */
const CONNECT_TIMEOUT = 5000;
/**
 * Milliseconds until a server that is still loading its data is asked again, unless the user sets
 * `maxLoadingRetryTime`. By default ioredis believes the server's own estimate, which may be ten seconds off.
 */
const LOADING_RETRY = 250;

/**
 * Makes a connection that is not connected yet. An injected client is copied, never used or closed.
 *
 * @param name what `CLIENT LIST` shows; a name that the user gave is kept
 * @param credentials those of the moment, where the user has an option that gives them
 */
export function createConnection(
  target: RedisTarget,
  name?: string,
  credentials?: Credentials,
): Connection {
  const own = name === undefined ? {} : { connectionName: name };
  switch (target.kind) {
    case 'client':
      return duplicate(target.client, own);
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
      });
  }
}

function duplicate(client: Connection, own: Pick<RedisOptions, 'connectionName'>): Connection {
  if (client.isCluster) {
    const { redisOptions } = (client as Cluster).options;
    return (client as Cluster).duplicate(undefined, {
      ...MORTAL_CLUSTER,
      redisOptions: { ...own, ...redisOptions },
    });
  }
  const redis = client as Redis;
  return redis.duplicate({ ...(redis.options.connectionName == null ? own : {}), ...MORTAL });
}

/**
 * Ends a connection at once. `disconnect` alone only ends the writing side and waits for the peer, which
 * on a half-open socket never answers; what is in flight would wait with it.
 */
export function destroyConnection(connection: Connection): void {
  connection.disconnect();
  const socket = (connection as Partial<Redis>).stream;
  socket?.destroy();
}
