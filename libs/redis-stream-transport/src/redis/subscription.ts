import { routesOf, type ChannelListener } from './connections/channel-routes.js';
import { CommandFailure } from './failure.js';
import { Link, type LinkObserver, type LinkSettings } from './link.js';

export interface SubscriptionHooks {
  message(channel: string, text: string): void;
  /** The server has confirmed all channels on a new connection. */
  proven(): void;
  /** The connection is gone. */
  lost(): void;
  /** An attempt to listen failed; `isRefused` may have changed. */
  failed(): void;
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
    const observer = observed(settings.observer, () => hooks.failed());
    this.link = new Link(
      'subscriber',
      { ...settings, observer },
      {
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
      },
    );
  }

  /**
   * The server gives no channels because its memory is full, as Redis does from 8.6 on. What is published is lost until it
   * gives them; it is asked again and again. Work goes on meanwhile: to read and to settle is what frees memory.
   */
  get isRefused(): boolean {
    const { obstacle } = this.link;
    return obstacle instanceof CommandFailure && obstacle.reply === 'OOM';
  }

  /** Replaces the channels. This makes a new connection, so it is for rare changes: a new name of the consumer. */
  replace(channels: readonly string[]): void {
    this.channels = channels;
    this.link.renew('other channels are wanted');
  }
}

/** Passes everything on, and tells of failed attempts. */
function observed(observer: LinkObserver, failed: () => void): LinkObserver {
  return {
    ready: (role) => observer.ready(role),
    closed: (role, reason) => observer.closed(role, reason),
    failed: (role, error, attempt) => {
      observer.failed(role, error, attempt);
      failed();
    },
  };
}
