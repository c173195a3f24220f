// Where a run keeps its data: one server, a Cluster, or a master that Sentinels watch.
import type { Redis } from 'ioredis';
import type { KeptServer } from '../../tools/redis/kept-server.js';

export interface Store {
  /** For commands and inspection. In a Cluster it leads to the owner of the shard, as of the last look. */
  readonly admin: Redis;
  /** Name and version of the server. */
  readonly version: string | undefined;
  /** Options of a client or a service that lead there. */
  readonly where: object;
  /** Looks for the server that has the data now. */
  look?(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A store in which another server can take over. */
export interface Replicated extends Store {
  /** The server that has the data, as of the last look. */
  readonly primary: KeptServer;
  /** Whether a failover that is asked for waits until the other server has everything. */
  readonly waitsForReplica: boolean;
  look(): Promise<KeptServer>;
  /** Asks for a failover. */
  failOver(): Promise<void>;
  /** Starts a server again that was killed: it becomes a replica, without data. */
  revive(former: KeptServer): Promise<void>;
  /** Has servers that were masters follow the present one, where nobody else sees to that soon. */
  rejoin(): Promise<void>;
  /** Resolves when all servers agree, there is one primary, and each replica has what its master has. */
  settled(): Promise<void>;
}

/** Name and version, as the server tells them. */
export async function versionOf(redis: Redis): Promise<string> {
  const info = await redis.info('server');
  const valkey = /^valkey_version:(\S+)/m.exec(info);
  return valkey ? `Valkey ${valkey[1]}` : `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1]}`;
}
