import type { Keys } from '../../protocol/keys.js';
import type { Link } from '../link.js';

/** What an operation in a shard needs: a connection, and the keys of the shard. */
export interface ShardPlace {
  readonly link: Link;
  readonly keys: Keys;
}

/** What an operation for one group in a shard needs. */
export interface GroupPlace extends ShardPlace {
  readonly group: string;
}

/**
 * What an operation for a group and its service needs. The service is the group itself, unless the group is that of
 * broadcasts.
 */
export interface ServicePlace extends GroupPlace {
  readonly service: string;
}

/** What an operation for one caller in a shard needs. */
export interface CallerPlace extends ShardPlace {
  /** Key of the caller record. */
  readonly recordKey: string;
  /** Key of the reply log, and the name of its channel. */
  readonly logKey: string;
}
