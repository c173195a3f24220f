import type { RedisTarget } from '../options/index.js';
import type { Connection } from './connect.js';
import type { CommandFailure } from './failure.js';

export type LinkRole = 'commands' | 'reader' | 'subscriber';

/** Told of everything that happens to the connections of a client or a server. */
export interface LinkObserver {
  ready(role: LinkRole): void;
  closed(role: LinkRole, reason: Error): void;
  /** An attempt failed; `attempt` counts from 1 since a connection last lived. */
  failed(role: LinkRole, error: Error, attempt: number): void;
}

/** What a link asks of the one that tries first. */
export interface LeadingLink {
  /** Its last attempt failed, and it goes on. */
  readonly isTrying: boolean;
  /** Calls back once it has got through, or has stopped. */
  afterTrying(callback: () => void): void;
  /** Its server is no longer the one to talk to. While a connection is set up, its hook decides. */
  leaveServer(failure: CommandFailure): void;
}

/** Where to connect, and how patiently. */
export interface LinkSettings {
  readonly target: RedisTarget;
  /** Longest pause between two attempts, in milliseconds. */
  readonly maxPause: number;
  readonly observer: LinkObserver;
  /** What `CLIENT LIST` calls a connection made now, unless the user has named it. */
  readonly name?: (role: LinkRole) => string;
  /** The link that tries first: as long as it does not get through, this one does not try either. */
  readonly ahead?: LeadingLink;
}

export interface LinkHooks {
  /**
   * A new connection is ready. When Redis refuses what this asks, it is asked again on the same
   * connection; if it rejects otherwise, the connection is thrown away and tried anew.
   */
  up(connection: Connection): Promise<void>;
  /** The connection that was up is gone. */
  down(): void;
}
