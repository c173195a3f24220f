import { routesOf, type ChannelListener } from './connections/channel-routes.js';
import { Link, type LinkSettings } from './link.js';

export interface SubscriptionHooks {
  message(channel: string, text: string): void;
  /** The server has confirmed all channels on a new connection. */
  proven(): void;
  /** The connection is gone. */
  lost(): void;
}

/**
 * Listens to sharded channels on a supervised connection, at the server that has the keys of their slot. So what a script
 * publishes there comes without a gap, and in a Cluster it does not go through other nodes. A subscription counts from the
 * server's confirmation on, and is made anew on every new connection. Channels that are wanted no longer stay subscribed
 * until the connection ends: ioredis could not tell the answer to SUNSUBSCRIBE from the news that a slot moves.
 */
export class Subscription {
  readonly link: Link;
  /** Takes its listeners from the connection. */
  private stopListening: () => void = () => undefined;

  constructor(
    settings: LinkSettings,
    private channels: readonly string[],
    private readonly hooks: SubscriptionHooks,
  ) {
    const listener: ChannelListener = {
      message: (channel, text) => hooks.message(channel, text),
      moved: () => this.link.renew('the slot of the channels moves'),
    };
    this.link = new Link('subscriber', settings, {
      up: async (connection) => {
        this.stopListening();
        const wanted = this.channels;
        const routes = routesOf(connection);
        routes.add(wanted, listener);
        this.stopListening = () => routes.remove(wanted, listener);
        await connection.ssubscribe(...wanted);
        // The channels changed while the server answered. Start over: it is not known which of them were confirmed.
        if (wanted !== this.channels) throw new Error('channels changed');
        hooks.proven();
      },
      down: () => {
        this.stopListening();
        hooks.lost();
      },
    });
  }

  /** Replaces the channels. This makes a new connection, so it is for rare changes: a new name of the consumer. */
  replace(channels: readonly string[]): void {
    this.channels = channels;
    this.link.renew('other channels are wanted');
  }
}
