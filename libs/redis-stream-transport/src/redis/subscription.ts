import type { Redis } from 'ioredis';
import type { Connection } from './connect.js';
import { Link, type LinkSettings } from './link.js';

export interface SubscriptionHooks {
  message(channel: string, text: string): void;
  /** The server has confirmed every channel on a new connection. */
  proven(): void;
  lost(): void;
}

/**
 * Channels on a connection of their own, which is always supervised: a subscription counts only from
 * the server's confirmation, and is made anew on every new connection.
 */
export class Subscription {
  readonly link: Link;
  /** The connection whose messages are heard. */
  private heard: Connection | undefined;

  constructor(
    settings: LinkSettings,
    private channels: readonly string[],
    private readonly hooks: SubscriptionHooks,
  ) {
    this.link = new Link('subscriber', settings, {
      up: async (connection) => {
        // Asked a second time on the same connection, which then has its listener.
        if (connection !== this.heard) {
          this.heard = connection;
          connection.on('message', (channel: string, text: string) => hooks.message(channel, text));
        }
        const wanted = this.channels;
        await (connection as Redis).subscribe(...wanted);
        // They changed while the server answered: start over rather than guess which of them stand.
        if (wanted !== this.channels) throw new Error('channels changed');
        hooks.proven();
      },
      down: () => {
        this.heard = undefined;
        hooks.lost();
      },
    });
  }

  /** Replaces the channels; takes a new connection, so this is for rare changes of identity. */
  replace(channels: readonly string[]): void {
    this.channels = channels;
    this.link.recycle('other channels are wanted');
  }
}
