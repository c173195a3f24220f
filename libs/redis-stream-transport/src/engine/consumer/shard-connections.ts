import type { Keys } from '../../protocol/keys.js';
import type { Connection } from '../../redis/connect.js';
import { slotOwner } from '../../redis/cluster/slot-owner.js';
import { Link, type LinkSettings } from '../../redis/link.js';
import type { Incarnation } from '../../redis/operations/hello.js';
import { Replicas } from '../../redis/replicas/replicas.js';
import { Subscription } from '../../redis/subscription.js';
import type { ShardContext } from './membership/shard-context.js';

export interface ShardConnectionsHooks {
  /** It wants to hear of streams that become known. */
  readonly wildcards: boolean;
  /** Asks Redis for its incarnation: the first command on each new connection for commands. */
  hello(): Promise<Incarnation>;
  /**
   * Commands or messages work again: catches up with what was missed. @param by a connection that has just come up, by
   * which the lease is renewed. Never rejects.
   */
  restored(by?: Connection): Promise<void>;
  /** A connection came up or went down. */
  changed(): void;
  message(channel: string, text: string): void;
}

/** The connections of an instance in one shard that do not read entries: one for commands, one for messages. */
export class ShardConnections {
  readonly commands: Link;
  /** Where something counts as settled only when replicas have it. */
  readonly replicas: Replicas | undefined;
  readonly subscription: Subscription;
  /** Settings for further connections, which come up after the one for commands. */
  readonly following: LinkSettings;
  private subscribed = false;

  constructor(
    private readonly context: ShardContext,
    private readonly keys: Keys,
    links: LinkSettings,
    private readonly hooks: ShardConnectionsHooks,
  ) {
    const { identity, connections, options } = context;
    const server = slotOwner(options.redis, keys.incarnation());
    const named = { ...links, name: context.connectionName, keeper: connections, server };
    this.commands = new Link('commands', named, {
      up: () => this.commandsUp(),
      down: () => {
        context.isUp = false;
        hooks.changed();
      },
    });
    const { replicas } = options;
    if (replicas !== undefined) {
      this.replicas = new Replicas(this.commands, replicas, (text) =>
        context.logger.warn('REPLICAS_BEHIND', text),
      );
    }
    this.following = { ...named, ahead: this.commands };
    this.subscription = new Subscription(this.following, this.channels, {
      message: (channel, text) => hooks.message(channel, text),
      proven: () => {
        this.subscribed = true;
        hooks.changed();
        void hooks.restored();
      },
      lost: () => {
        this.subscribed = false;
        identity.nextGeneration();
        hooks.changed();
      },
      failed: () => hooks.changed(),
    });
    // What comes up beside the one for commands notes itself: that one may be gone, or just about to end.
    connections.whenChanged((link, connection) => {
      if (context.isUp) void hooks.restored();
      const notes = link !== this.commands && options.reconnectGrace > 0;
      return notes ? hooks.restored(connection) : undefined;
    });
    // Half of the grace: others may have noticed the loss before this process did (rule L9).
    connections.whenCutOff(() => {
      if (options.reconnectGrace > 0) identity.cutOff(options.reconnectGrace / 2);
    });
    identity.whenReplaced(() => this.subscription.replace(this.channels));
  }

  get isUp(): boolean {
    return this.context.isUp && (this.subscribed || this.subscription.isRefused);
  }

  get obstacle(): Error | undefined {
    return this.commands.obstacle ?? this.subscription.link.obstacle;
  }

  async stop(): Promise<void> {
    await Promise.all([this.commands.stop(), this.subscription.link.stop()]);
    this.context.isUp = false;
    this.subscribed = false;
  }

  private get channels(): string[] {
    const { identity, options } = this.context;
    const own = [this.keys.inbox(identity.consumer), this.keys.nudge(options.group)];
    return this.hooks.wildcards ? [...own, this.keys.streams()] : own;
  }

  private async commandsUp(): Promise<void> {
    const { clock, redisClock, identity } = this.context;
    const sentAt = clock.now();
    const { id, now } = await this.hooks.hello();
    redisClock.observe(now, sentAt);
    identity.incarnation = id;
    identity.nextGeneration();
    this.context.isUp = true;
    await this.hooks.restored();
    this.hooks.changed();
  }
}
