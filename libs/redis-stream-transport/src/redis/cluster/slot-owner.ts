import type { NodeAddress, RedisTarget } from '../../options/index.js';
import { slotOf } from '../../protocol/slot.js';
import { ClusterMap } from './cluster-map.js';
import { clusterOf } from './nodes.js';

/** Finds the server for the connections of a shard. */
export interface ServerFinder {
  /** Where it is now. Rejects if that cannot be found out. */
  find(): Promise<NodeAddress>;
  /** A connection to it has ended or failed: it may be another one now. */
  doubt(): void;
}

/** By target, so that all connections of a client or a server share what is known. */
const maps = new WeakMap<RedisTarget, ClusterMap>();

/** Finds the owner of the slot that a key belongs to; undefined: the target is no Cluster. */
export function slotOwner(target: RedisTarget, key: string): ServerFinder | undefined {
  if (clusterOf(target) === undefined) return undefined;
  const map = maps.get(target) ?? new ClusterMap(target);
  maps.set(target, map);
  const slot = slotOf(key);
  return { find: () => map.ownerOf(slot), doubt: () => map.doubt() };
}
