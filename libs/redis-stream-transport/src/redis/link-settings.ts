import type { RedisTarget } from '../options/index.js';
import type { ServerFinder } from './cluster/slot-owner.js';
import type { Connection } from './connect.js';
import type { CommandFailure } from './failure.js';

export type LinkRole = 'commands' | 'reader' | 'subscriber' | 'changes';

/** Is told everything that happens to the connections of a client or a server. */
export interface LinkObserver {
  ready(role: LinkRole): void;
  closed(role: LinkRole, reason: Error): void;
  /** @param attempt the number of the failed attempt, from 1, since a connection last lived */
  failed(role: LinkRole, error: Error, attempt: number): void;
}

/** What a link needs of the one that connects first. */
export interface LeadingLink {
  /** Its last attempt failed, and it tries again. */
  readonly isTrying: boolean;
  /** Calls back when it has connected. */
  afterTrying(callback: () => void): void;
  /** Identity of the server that it is connected to; undefined while it is not, and if the server does not tell. */
  readonly server: string | undefined;
  /** Calls back each time that it has connected. */
  whenReady(callback: () => void): void;
  /**
   * The server is no longer the one to talk to, so the connection is replaced. Does nothing while a connection is set
   * up: then `up` decides.
   * @param wrongServer it is for nobody, and not only without the keys of this link
   */
  leaveServer(failure: CommandFailure, wrongServer?: boolean): void;
}

/** Told of every connection of a process, so that its ids can be noted. */
export interface ConnectionKeeper {
  /** A connection takes commands, and has been used for nothing yet. Rejects when it ends. */
  opened(link: object, connection: Connection): Promise<void>;
  /** The last connection of a link is gone. May be told more than once. */
  ended(link: object): void;
}

/** Where to connect, and how patiently. */
export interface LinkSettings {
  readonly target: RedisTarget;
  /** Of a Cluster: finds the server that has the keys; each shard has its own. */
  readonly server?: ServerFinder | undefined;
  /** Longest pause between two attempts to connect, in milliseconds. */
  readonly maxPause: number;
  readonly observer: LinkObserver;
  /** The name of a connection in `CLIENT LIST`, unless the user gave one. */
  readonly name?: (role: LinkRole) => string;
  /** The link that connects first. While it cannot connect, this one does not try. */
  readonly ahead?: LeadingLink;
  /** Speaks RESP2, whatever the user chose. */
  readonly resp2?: boolean;
  /**
   * Links with the same object share connections for commands and for messages to the same server; undefined: this one
   * shares with none.
   */
  readonly shared?: object;
  /** Learns the ids of the connections; without one Redis is not asked for them. */
  readonly keeper?: ConnectionKeeper;
}

export interface LinkHooks {
  /**
   * A new connection is ready. If this rejects because Redis refused a command, it is called again for the same
   * connection. If it rejects for another reason, the connection is thrown away and a new one is made.
   */
  up(connection: Connection): Promise<void>;
  /** The connection is gone. */
  down(): void;
}
