import type { Connection } from '../connect.js';

/** Who is told of one channel. */
export interface ChannelListener {
  message(channel: string, text: string): void;
  /** Redis has ended the subscription by itself, because the slot of the channel goes to another node. */
  moved(): void;
}

const NONE: readonly ChannelListener[] = [];

/** The listeners of a connection, by channel. Groups that share the connection have some channels in common. */
export class ChannelRoutes {
  private readonly listeners = new Map<string, readonly ChannelListener[]>();

  constructor(connection: Connection) {
    connection.on('smessage', (channel: string, text: string) => {
      for (const one of this.listeners.get(channel) ?? NONE) one.message(channel, text);
    });
    connection.on('moved', () => {
      const left = subscribed(connection);
      const gone = [...this.listeners].filter(([channel]) => left?.has(channel) !== true);
      for (const one of new Set(gone.flatMap(([, some]) => some))) one.moved();
    });
  }

  add(channels: readonly string[], listener: ChannelListener): void {
    for (const channel of channels)
      this.listeners.set(channel, [...(this.listeners.get(channel) ?? NONE), listener]);
  }

  remove(channels: readonly string[], listener: ChannelListener): void {
    for (const channel of channels) {
      const left = this.listeners.get(channel)?.filter((one) => one !== listener) ?? NONE;
      if (left.length > 0) this.listeners.set(channel, left);
      else this.listeners.delete(channel);
    }
  }
}

const routes = new WeakMap<Connection, ChannelRoutes>();

export function routesOf(connection: Connection): ChannelRoutes {
  let known = routes.get(connection);
  if (known === undefined) routes.set(connection, (known = new ChannelRoutes(connection)));
  return known;
}

/** Channels that ioredis still counts as subscribed; undefined: it does not say. */
function subscribed(connection: Connection): ReadonlySet<string> | undefined {
  const { subscriber } = connection.condition ?? {};
  if (subscriber === undefined) return undefined;
  return new Set(subscriber === false ? [] : subscriber.channels('ssubscribe'));
}
