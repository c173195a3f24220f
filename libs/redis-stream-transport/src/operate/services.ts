import type { InstanceFacts } from './instance-facts.js';
import type { PausedInstance, PausedPattern } from './paused.js';

/** An instance of a service: a process that reads for it, as its leases tell. */
export interface LiveInstance {
  /** Its host and process id, as its consumers are named. */
  readonly name: string;
  /** Its consumers: one in each shard. */
  readonly consumers: readonly string[];
  /** Milliseconds until the first of its leases ends, unless it is renewed. */
  readonly leaseFor: number;
  /** Whether all of its consumers listen for messages now; undefined: Redis did not say. */
  readonly listens: boolean | undefined;
  /** What it says about itself; undefined: nothing, as instances of earlier versions. */
  readonly facts: InstanceFacts | undefined;
  /** It takes nothing new; undefined: it does. */
  readonly paused: PausedInstance | undefined;
}

/** A pattern whose requests a service answers. */
export interface AnsweredPattern {
  readonly pattern: string;
  /** How many of its instances do, in the shard of the pattern. */
  readonly instances: number;
  /** Whether it is declared at most once. */
  readonly once: boolean;
}

/** A service: a group, with what is known of it in Redis. */
export interface LiveService {
  readonly service: string;
  /** None: it was there before, and is not now. */
  readonly instances: readonly LiveInstance[];
  /** By name. */
  readonly answers: readonly AnsweredPattern[];
  /** Streams (patterns, or lanes) whose events it hears; by name. Broadcasts are not among them. */
  readonly hears: readonly string[];
  /** Its patterns that are paused, by name. */
  readonly paused: readonly PausedPattern[];
  /** When it was last seen by its registry, in milliseconds since 1970 by Redis' clock; undefined: it has none. */
  readonly seenAt: number | undefined;
}
