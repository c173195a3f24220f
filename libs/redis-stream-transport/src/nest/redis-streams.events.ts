import { connectionDiagnostics } from '../engine/diagnostics/connection-diagnostics.js';
import { Diagnostics } from '../engine/diagnostics/diagnostics.js';
import type {
  DiagnosticsMessages,
  DiagnosticsName,
  DiagnosticsSource,
} from '../engine/diagnostics/messages.js';
import { namesOf } from '../engine/diagnostics/names.js';
import type { Reach } from '../engine/shards-in-reach.js';
import type { LinkObserver, LinkRole } from '../redis/link.js';

/** Values of the `status` observable of a server or client. */
export type RedisStreamsStatus = 'connected' | 'partial' | 'reconnecting' | 'disconnected';

const STATUS: Readonly<Record<Reach, RedisStreamsStatus>> = {
  all: 'connected',
  some: 'partial',
  none: 'reconnecting',
};

export function statusOf(reach: Reach): RedisStreamsStatus {
  return STATUS[reach];
}

/** Events of a client or server, for `on(event, callback)`: those of connections, by the names that Nest has, and all messages. */
export type RedisStreamsEvents = {
  /** A connection is ready for use. */
  ready: (connection: LinkRole) => void;
  /** A connection that was ready is gone; another one is being made. */
  close: (connection: LinkRole, reason: Error) => void;
  /** An attempt to connect failed; `attempt` counts from 1 since the last success. */
  error: (connection: LinkRole, error: Error, attempt: number) => void;
} & {
  [Name in DiagnosticsName]: (message: DiagnosticsMessages[Name]) => void;
};

/**
 * Listeners of a server or client. They outlive its connections and may be added before the first. What one throws
 * goes to `complain`, and stops no other.
 */
export class TransportEvents {
  readonly diagnostics: Diagnostics;
  /** Tells of the connections. */
  readonly observer: LinkObserver;

  constructor(
    readonly source: DiagnosticsSource,
    complain: (error: unknown) => void,
  ) {
    this.diagnostics = new Diagnostics(complain);
    this.observer = connectionDiagnostics(this.diagnostics, source);
  }

  /** @throws TypeError for an event that does not exist, or that the other side tells */
  on<Name extends keyof RedisStreamsEvents>(name: Name, listener: RedisStreamsEvents[Name]): void {
    const { diagnostics } = this;
    const call = listener as (...args: unknown[]) => unknown;
    if (name === 'ready') {
      diagnostics.on('connection.made', ({ connection }) => call(connection));
    } else if (name === 'close') {
      diagnostics.on('connection.lost', ({ connection, reason }) => call(connection, reason));
    } else if (name === 'error') {
      const told = 'connection.failed';
      diagnostics.on(told, ({ connection, error, attempt }) => call(connection, error, attempt));
    } else {
      const names: readonly string[] = namesOf(this.source.role);
      if (!names.includes(name)) {
        const known = ['ready', 'close', 'error', ...names].join(', ');
        throw new TypeError(`there is no event ${name} here; there are ${known}`);
      }
      diagnostics.on(name, call);
    }
  }
}
