import type { ResolvedServerOptions } from '../../../options/index.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Owner } from '../../../redis/group-broker.js';
import type { Link } from '../../../redis/link.js';

/** Something of a library's own that lives with the lease of an instance. Its methods never reject. */
export interface LeaseCompanion {
  /** The lease was confirmed, or somebody wants a report. */
  confirmed(owner: Owner): Promise<void>;
  /** The lease is about to be given back. */
  leaving(owner: Owner): Promise<void>;
}

/** A server that companions live with. */
export interface LeaseHost {
  /** Has a companion live with its lease; before it listens. */
  accompany(companion: CompanionFactory): void;
}

/** Makes a companion for the first shard, on the connection for commands. */
export type CompanionFactory = (
  link: Link,
  keys: Keys,
  options: ResolvedServerOptions,
) => LeaseCompanion;
