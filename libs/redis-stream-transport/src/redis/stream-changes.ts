import type { Connection } from './connect.js';
import { toFailure, type CommandFailure } from './failure.js';
import { Link, type LinkSettings } from './link.js';

/** The channel by which Redis tells a RESP2 connection which keys have changed. */
const CHANNEL = '__redis__:invalidate';

export interface StreamChangesHooks {
  /** Keys that begin with the prefix have changed; undefined: Redis says that any may have. */
  changed(keys: readonly string[] | undefined): void;
  /** The connection is gone. */
  lost(): void;
  /** Redis does not tell, for instance because it permits no such command. The connection is closed. */
  refused(failure: CommandFailure): void;
}

/**
 * Hears of every key with a prefix that somebody has written, after the write, on a connection of its own
 * (`CLIENT TRACKING … BCAST`). Redis gathers what one turn of it has changed, so a key comes once per turn at most.
 * Nothing is told twice: what came while there was no connection is not told at all.
 */
export class StreamChanges {
  readonly link: Link;
  private heard: Connection | undefined;

  constructor(
    settings: LinkSettings,
    private readonly prefix: string,
    private readonly hooks: StreamChangesHooks,
  ) {
    // ioredis drops what RESP3 tells of changes.
    const resp2 = { ...settings, resp2: true };
    this.link = new Link('changes', resp2, {
      up: (connection) => this.up(connection),
      down: () => {
        this.heard = undefined;
        hooks.lost();
      },
    });
  }

  private async up(connection: Connection): Promise<void> {
    if (connection !== this.heard) {
      this.heard = connection;
      connection.on('messageBuffer', (channel: Buffer, keys: unknown) => {
        if (channel.toString() === CHANNEL) this.hooks.changed(textsOf(keys));
      });
    }
    try {
      // To itself: so both ends of the arrangement end together.
      const id = String(await connection.call('CLIENT', 'ID'));
      const options = ['REDIRECT', id, 'BCAST', 'PREFIX', this.prefix];
      await connection.call('CLIENT', 'TRACKING', 'ON', ...options);
      // Redis needs only some subscription to tell. The user's rights may permit one to the prefix alone.
      await connection.subscribe(CHANNEL).catch(() => connection.subscribe(this.prefix));
    } catch (error) {
      const failure = toFailure(error);
      if (failure.kind !== 'refused' || failure.passing) throw failure;
      void this.link.stop();
      this.hooks.refused(failure);
    }
  }
}

/** The keys of a message, which is an array of them, unlike every other message. */
function textsOf(keys: unknown): string[] | undefined {
  return Array.isArray(keys) ? keys.map(String) : undefined;
}
