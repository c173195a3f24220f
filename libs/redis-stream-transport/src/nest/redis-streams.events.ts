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

/** Events of the connections, for `on(event, callback)`. */
export type RedisStreamsEvents = {
  /** A connection is ready for use. */
  ready: (connection: LinkRole) => void;
  /** A connection that was ready is gone; another one is being made. */
  close: (connection: LinkRole, reason: Error) => void;
  /** An attempt to connect failed; `attempt` counts from 1 since the last success. */
  error: (connection: LinkRole, error: Error, attempt: number) => void;
};

type Listener = (...args: never[]) => void;

/** Listeners of a server or client. They outlive its connections and may be added before the first. */
export class ConnectionEvents implements LinkObserver {
  private readonly listeners = new Map<keyof RedisStreamsEvents, Listener[]>();

  constructor(private readonly complain: (error: unknown) => void) {}

  /** @throws TypeError for an event that does not exist */
  on<Name extends keyof RedisStreamsEvents>(name: Name, listener: RedisStreamsEvents[Name]): void {
    if (name !== 'ready' && name !== 'close' && name !== 'error') {
      throw new TypeError(`there is no event ${String(name)}; there are ready, close and error`);
    }
    const known = this.listeners.get(name);
    if (known === undefined) this.listeners.set(name, [listener]);
    else known.push(listener);
  }

  ready(role: LinkRole): void {
    this.emit('ready', role);
  }

  closed(role: LinkRole, reason: Error): void {
    this.emit('close', role, reason);
  }

  failed(role: LinkRole, error: Error, attempt: number): void {
    this.emit('error', role, error, attempt);
  }

  private emit(name: keyof RedisStreamsEvents, ...args: unknown[]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        // Typed void; one that is asynchronous may reject.
        const told: unknown = (listener as (...args: unknown[]) => unknown)(...args);
        if (told instanceof Promise) told.catch((error: unknown) => this.complain(error));
      } catch (error) {
        // A listener's mistake must not stop the others, let alone the connection.
        this.complain(error);
      }
    }
  }
}
