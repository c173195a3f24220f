import type { ResolvedServerOptions } from '../../../options/index.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Owner } from '../../../redis/group-broker.js';
import type { Link } from '../../../redis/link.js';

/** Extension that is told about the life of the lease. Must not reject. */
export interface LeaseCompanion {
  /** The lease was confirmed, or a program asks for a report. */
  confirmed(owner: Owner): Promise<void>;
  /** The lease is about to be given back. */
  leaving(owner: Owner): Promise<void>;
}

/** A server that accepts companions. */
export interface LeaseHost {
  /** Adds a companion. Call it before the server listens. */
  accompany(companion: CompanionFactory): void;
}

/** Makes a companion for the first shard, on the connection for commands. */
export type CompanionFactory = (
  link: Link,
  keys: Keys,
  options: ResolvedServerOptions,
) => LeaseCompanion;
