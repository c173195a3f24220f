import { RedisStreamsError } from '../../errors.js';
import type { Link } from '../../redis/link.js';
import { Condition } from '../condition.js';
import type { ShardContext } from './membership/shard-context.js';
import { assembleShard } from './shard-assembly.js';
import type { ShardLife, ShardParts, ShardSettings } from './shard-assembly.js';

/** A consumer in one shard: its start, its end, and what its parts have to know of each other meanwhile. */
export class ConsumerShard implements ShardLife {
  isStopping = false;
  private readonly parts: ShardParts;
  private readonly condition = new Condition();

  /** @param whenChanged a connection came up or went down */
  constructor(
    private readonly settings: ShardSettings,
    private readonly whenChanged: () => void,
  ) {
    this.parts = assembleShard(settings, this);
  }

  get context(): ShardContext {
    return this.parts.context;
  }

  get commands(): Link {
    return this.parts.connections.commands;
  }

  get isUp(): boolean {
    return this.parts.connections.isUp && this.parts.readings.isUp;
  }

  /** Entries that wait for Redis, although nothing of them runs. */
  get owed(): number {
    return this.parts.readings.owed;
  }

  /** The ioredis objects of the moment. */
  connections(): unknown[] {
    const { connections, readings } = this.parts;
    return [
      connections.commands.current,
      ...readings.all.map(({ link }) => link.current),
      connections.subscription.link.current,
    ];
  }

  /** A slot is free: for what a dead instance left, else for what is new. */
  slotFree(): void {
    const { reclaimer, readings } = this.parts;
    if (reclaimer.canGoOn) void reclaimer.scan().then(() => this.wake());
    if (!reclaimer.isBehind || this.settings.dispatcher.nested > 0) readings.wake();
  }

  /** Connects and begins to read. Rejects with GROUP_CONFLICT; waits for Redis otherwise. */
  async start(): Promise<void> {
    const { context, connections, readings, membership, reclaimer, janitor, leases } = this.parts;
    this.isStopping = false;
    connections.commands.start();
    await membership.join(() => this.until(() => context.isUp));
    connections.subscription.link.start();
    readings.connect();
    await this.until(() => this.isUp);
    readings.start();
    reclaimer.start();
    janitor.start();
    void reclaimer.scan();
    leases.nudge('joined').catch(() => undefined);
  }

  /** Issues no further read; resolves when the last one has returned. */
  async quiet(): Promise<void> {
    const { readings, reclaimer, janitor } = this.parts;
    await Promise.all([readings.quiet(), reclaimer.stop(), janitor.stop()]);
  }

  /** Resolves when everything that was finished is settled. */
  settled(): Promise<void> {
    return this.parts.readings.settled();
  }

  /** Leaves what is pending to the others, at once, and closes the connections. */
  async stop(): Promise<void> {
    const { connections, readings, membership, reclaimer, janitor } = this.parts;
    this.isStopping = true;
    readings.clearRetries();
    await membership.leave();
    this.condition.changed();
    await Promise.all([connections.stop(), readings.stop(), reclaimer.stop(), janitor.stop()]);
    readings.abandon('closing');
  }

  // ---- ShardLife

  changed(): void {
    this.condition.changed();
    this.wake();
    this.whenChanged();
  }

  /** Notices that were published meanwhile were also left in the inbox, and come with the lease. */
  async restored(): Promise<void> {
    const { membership, keeper } = this.parts;
    if (membership.isRegistered) await keeper.renew();
  }

  renewed(): void {
    const { membership, readings } = this.parts;
    if (!membership.isRegistered) return;
    readings.confirmed();
    this.wake();
  }

  message(channel: string, text: string): void {
    const { context, keys, keeper, readings, reclaimer } = this.parts;
    if (channel === keys.nudge(context.options.group)) {
      void keeper.renew();
      if (text === 'left') void reclaimer.scan();
    } else if (text === 'audit') {
      readings.audit();
    } else if (text === 'report') {
      void keeper.report();
    } else {
      readings.cancel(text);
    }
  }

  private wake(): void {
    this.settings.dispatcher.next();
    this.parts.readings.wake();
  }

  private until(holds: () => boolean): Promise<void> {
    return this.condition.until(holds, () =>
      this.isStopping
        ? new RedisStreamsError('CLOSED', 'the server was closed while starting')
        : undefined,
    );
  }
}
