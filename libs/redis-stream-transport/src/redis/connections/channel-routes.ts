import type { Connection } from '../connect.js';

/** Who is told of one channel. */
export interface ChannelListener {
  message(channel: string, text: string): void;
  /** Redis has ended the subscription by itself, because the slot of the channel goes to another node. */
  moved(): void;
}

const routes = new WeakMap<Connection, Map<string, ChannelListener>>();

/** The listeners of a connection, by channel. Shards that share the connection have different channels. */
export function routesOf(connection: Connection): Map<string, ChannelListener> {
  const known = routes.get(connection);
  if (known !== undefined) return known;
  const listeners = new Map<string, ChannelListener>();
  routes.set(connection, listeners);
  connection.on('smessage', (channel: string, text: string) => {
    listeners.get(channel)?.message(channel, text);
  });
  connection.on('moved', () => {
    const left = subscribed(connection);
    const gone = [...listeners].filter(([channel]) => left?.has(channel) !== true);
    for (const listener of new Set(gone.map(([, one]) => one))) listener.moved();
  });
  return listeners;
}

/** Channels that ioredis still counts as subscribed; undefined: it does not say. */
function subscribed(connection: Connection): ReadonlySet<string> | undefined {
  const { subscriber } = connection.condition ?? {};
  if (subscriber === undefined) return undefined;
  return new Set(subscriber === false ? [] : subscriber.channels('ssubscribe'));
}
