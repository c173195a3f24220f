import type { Keys } from '../../protocol/keys.js';
import type { Link } from '../link.js';

/** Where an operation takes place: a connection to a shard, and the keys of the shard. */
export interface ShardPlace {
  readonly link: Link;
  readonly keys: Keys;
}

/** The place of an operation for one group of a shard. */
export interface GroupPlace extends ShardPlace {
  readonly group: string;
}

/** The place of an operation for a group and the service that it belongs to: the group itself, unless it is a broadcast's. */
export interface ServicePlace extends GroupPlace {
  readonly service: string;
}

/** The place of an operation for one caller in a shard. */
export interface CallerPlace extends ShardPlace {
  /** Key of the caller record. */
  readonly recordKey: string;
  /** Key of the reply log, and the name of its channel. */
  readonly logKey: string;
}
