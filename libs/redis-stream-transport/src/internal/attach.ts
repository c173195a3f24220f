import type { CompanionFactory } from '../engine/consumer/membership/companion.js';
import type { ClientRedisStreams } from '../nest/client-redis-streams.js';
import type { ServerRedisStreams } from '../nest/server-redis-streams.js';
import type { Keys } from '../protocol/keys.js';
import type { Link } from '../redis/link.js';

/** What a library may use of a client: the first shard's connection for commands, and its keys. */
export interface ClientShard {
  readonly commands: Link;
  readonly keys: Keys;
}

/**
 * Adds a companion to the lease of a server: it is told of every confirmation, and before the lease is given back.
 * To be called before `listen`.
 */
export function accompany(server: ServerRedisStreams, companion: CompanionFactory): void {
  server.accompany(companion);
}

/**
 * Connects a client and gives what a library may use of it. The connection belongs to the client, which replaces
 * and closes it.
 * @throws RedisStreamsError NOT_CONNECTED, as `connect()`; CLOSED: the client was closed meanwhile
 */
export function clientShard(client: ClientRedisStreams): Promise<ClientShard> {
  return client.shard();
}
