import { Cluster, Redis } from 'ioredis';
import type { RedisTarget } from '../options/index.js';

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

/** Time for a socket to connect, in milliseconds, unless the user sets `connectTimeout`. */
const CONNECT_TIMEOUT = 5000;
/**
 * Milliseconds until a server that is still loading its data is asked again, unless the user sets
 * `maxLoadingRetryTime`. By default ioredis believes the server's own estimate, which may be ten seconds off.
 */
const LOADING_RETRY = 250;

/** Makes a connection that is not connected yet. An injected client is copied, never used or closed. */
export function createConnection(target: RedisTarget): Connection {
  switch (target.kind) {
    case 'client':
      return duplicate(target.client);
    case 'cluster':
      return new Cluster([...target.nodes], {
        ...target.options,
        clusterRetryStrategy: () => null,
        enableOfflineQueue: false,
        lazyConnect: true,
      });
    case 'single':
      return new Redis({
        connectTimeout: CONNECT_TIMEOUT,
        maxLoadingRetryTime: LOADING_RETRY,
        ...target.options,
        ...(target.options.sentinels === undefined ? {} : { sentinelRetryStrategy: () => null }),
        ...MORTAL,
      });
  }
}

function duplicate(client: Connection): Connection {
  if (client.isCluster) {
    return (client as Cluster).duplicate(undefined, {
      clusterRetryStrategy: () => null,
      enableOfflineQueue: false,
      lazyConnect: true,
    });
  }
  return (client as Redis).duplicate({ ...MORTAL });
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
