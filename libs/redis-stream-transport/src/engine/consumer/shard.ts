import { RedisStreamsError } from '../../errors.js';
import type { Link } from '../../redis/link.js';
import { Condition } from '../condition.js';
import type { ShardContext } from './membership/shard-context.js';
import { assembleShard } from './shard-assembly.js';
import type { ShardLife, ShardParts, ShardSettings } from './shard-assembly.js';

/** An instance in one shard: starts and stops it, and passes on between its parts what changes meanwhile. */
export class ConsumerShard implements ShardLife {
  isStopping = false;
  private readonly parts: ShardParts;
  private readonly condition = new Condition();

  /** @param whenChanged called when a connection came up or went down */
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

  /** Entries that have ended here and wait for Redis to take note. */
  get owed(): number {
    return this.parts.readings.owed;
  }

  /** The current ioredis objects. */
  connections(): unknown[] {
    const { connections, readings } = this.parts;
    return [
      connections.commands.current,
      ...readings.all.flatMap((reading) => reading.connections),
      connections.subscription.link.current,
    ];
  }

  /** A slot is free: entries of dead instances come first, then new ones. */
  slotFree(): void {
    const { reclaimer, readings } = this.parts;
    if (reclaimer.canGoOn) void reclaimer.scan().then(() => this.wake());
    if (!reclaimer.isBehind || this.settings.dispatcher.nested > 0) readings.wake();
  }

  /** Joins the group and begins to read. Waits for Redis; rejects with a `RedisStreamsError` (`Membership.join`). */
  async start(): Promise<void> {
    const { context, connections, readings, membership, leases } = this.parts;
    const { reclaimer, watch, janitor } = this.parts;
    this.isStopping = false;
    connections.commands.start();
    await membership.join(() => this.until(() => context.isUp));
    connections.subscription.link.start();
    readings.connect();
    await this.until(() => this.isUp);
    readings.start();
    reclaimer.start();
    watch.start();
    janitor.start();
    void reclaimer.scan();
    leases.nudge('joined').catch(() => undefined);
  }

  /** Issues no further read. Resolves when the last one has returned. */
  async quiet(): Promise<void> {
    await Promise.all([this.parts.readings.quiet(), this.stopLooking()]);
  }

  /** Resolves when all deliveries that have ended are settled. */
  settled(): Promise<void> {
    return this.parts.readings.settled();
  }

  /** Leaves the group and closes the connections. Other instances take over at once what is pending. */
  async stop(): Promise<void> {
    const { connections, readings, membership } = this.parts;
    this.isStopping = true;
    readings.clearRetries();
    await membership.leave();
    this.condition.changed();
    await Promise.all([connections.stop(), readings.stop(), this.stopLooking()]);
    readings.abandon('closing');
  }

  // ---- ShardLife

  changed(): void {
    this.condition.changed();
    this.wake();
    this.whenChanged();
  }

  /** Renews the lease: cancellations that were published while the connection was down come with the renewal. */
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

  private async stopLooking(): Promise<void> {
    const { reclaimer, watch, janitor } = this.parts;
    await Promise.all([reclaimer.stop(), watch.stop(), janitor.stop()]);
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
