import type { Connection } from './connect.js';
import { Link, type LinkSettings } from './link.js';

export interface SubscriptionHooks {
  message(channel: string, text: string): void;
  /** The server has confirmed all channels on a new connection. */
  proven(): void;
  /** The connection is gone. */
  lost(): void;
}

/**
 * Listens to sharded channels on a supervised connection of its own, at the server that has the keys of their slot. So
 * what a script publishes there comes without a gap, and in a Cluster it does not go through other nodes. A subscription counts from the server's confirmation on,
 * and is made anew on every new connection.
 */
export class Subscription {
  readonly link: Link;
  /** The connection that has the listener. */
  private heard: Connection | undefined;

  constructor(
    settings: LinkSettings,
    private channels: readonly string[],
    private readonly hooks: SubscriptionHooks,
  ) {
    this.link = new Link('subscriber', settings, {
      up: async (connection) => {
        // This may be called again for the same connection, which then has the listener already.
        if (connection !== this.heard) {
          this.heard = connection;
          connection.on('smessage', (channel: string, text: string) =>
            hooks.message(channel, text),
          );
          // ioredis says so when Redis ends a subscription by itself, because its slot goes to another node.
          connection.on('moved', () => this.link.recycle('the slot of the channels moves'));
        }
        const wanted = this.channels;
        await connection.ssubscribe(...wanted);
        // The channels changed while the server answered. Start over: it is not known which of them were confirmed.
        if (wanted !== this.channels) throw new Error('channels changed');
        hooks.proven();
      },
      down: () => {
        this.heard = undefined;
        hooks.lost();
      },
    });
  }

  /** Replaces the channels. This makes a new connection, so it is for rare changes: a new name of the consumer. */
  replace(channels: readonly string[]): void {
    this.channels = channels;
    this.link.recycle('other channels are wanted');
  }
}
