// Where a run keeps its data: one server, a Cluster, or a master that Sentinels watch.
import type { Redis } from 'ioredis';

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

/** Name and version, as the server tells them. */
export async function versionOf(redis: Redis): Promise<string> {
  const info = await redis.info('server');
  const valkey = /^valkey_version:(\S+)/m.exec(info);
  return valkey ? `Valkey ${valkey[1]}` : `Redis ${/^redis_version:(\S+)/m.exec(info)?.[1]}`;
}
