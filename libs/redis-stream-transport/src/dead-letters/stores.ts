import type { ResolvedClientOptions } from '../options/index.js';
import { Keys } from '../protocol/keys.js';
import { slotOwner } from '../redis/cluster/slot-owner.js';
import { connectionNames, thisProcess } from '../redis/connection-name.js';
import { Link } from '../redis/link.js';
import { LetterStore } from './letter-store.js';

/**
 * The dead letters of a group in each shard, each with a connection that is not started yet.
 *
 * @param failed told of each failed attempt to connect
 */
export function storesOf(
  { prefix, shards, maxBacklog, redis, retryDelay }: ResolvedClientOptions,
  group: string,
  failed: (error: Error) => void,
): LetterStore[] {
  const name = connectionNames('dead-letters', group, thisProcess);
  const observer = {
    ready: () => undefined,
    closed: () => undefined,
    failed: (_: string, error: Error) => failed(error),
  };
  const shared = {};
  return Array.from({ length: shards }, (_, shard) => {
    const keys = new Keys(prefix, shard, shards);
    const server = slotOwner(redis, keys.incarnation());
    const settings = { target: redis, maxPause: retryDelay, name, observer, server, shared };
    const link = new Link('commands', settings, {
      up: async () => undefined,
      down: () => undefined,
    });
    return new LetterStore(link, keys, group, maxBacklog);
  });
}
