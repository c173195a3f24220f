import { RedisStreamsError } from '../../errors.js';
import { isCredit } from '../../protocol/credit.js';
import type { Keys } from '../../protocol/keys.js';
import type { Connection } from '../../redis/connect.js';
import type { Link } from '../../redis/link.js';
import { Condition } from '../condition.js';
import type { ShardHealth } from './instance-health.js';
import type { ShardContext } from './membership/shard-context.js';
import { assembleShard } from './shard-assembly.js';
import type { ShardLife, ShardParts, ShardSettings } from './shard-assembly.js';

/** Milliseconds until a start that was refused is tried again. */
const START_AGAIN = 5000;

/** An instance in one shard: starts and stops it, and passes on between its parts what changes meanwhile. */
export class ConsumerShard implements ShardLife {
  isStopping = false;
  /** It has joined and reads. */
  private serves = false;
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

  get keys(): Keys {
    return this.parts.keys;
  }

  /** It serves, and all connections are up. */
  get isUp(): boolean {
    return this.serves && this.isConnected;
  }

  /** Whether it is a member, for how long its lease holds, and how it reads. */
  get health(): ShardHealth {
    const { context, membership, readings } = this.parts;
    const { identity, options } = context;
    const { pace, isFull } = readings.main;
    const leaseFor = Math.max(0, options.leaseTtl - identity.unconfirmed);
    const reads = readings.streams.length > 0;
    const readAgo = reads && !isFull ? pace.since : 0;
    return {
      leftOut: this.parts.wildStreams?.omitted ?? 0,
      ...{ isUp: this.isUp, isMember: membership.isRegistered, leaseFor, readAgo },
      behind: reads ? pace.behind(isFull) : 0,
    };
  }

  /** Why it does not serve at this moment, if that is known. */
  get obstacle(): Error | undefined {
    const { connections, membership, readings } = this.parts;
    return connections.obstacle ?? membership.obstacle ?? readings.obstacle;
  }

  /** Entries that have ended here and wait for Redis to take note. */
  get owed(): number {
    return this.parts.readings.owed;
  }

  /** Names of the streams that it reads. */
  get streamNames(): string[] {
    return this.parts.readings.streams.map(({ name }) => name);
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
    if (!reclaimer.hasUnclaimed || this.settings.dispatcher.nested > 0) readings.wake();
  }

  /** What is paused has changed. */
  pausesChanged(): void {
    if (!this.serves) return;
    this.parts.readings.refreshed();
    this.slotFree();
  }

  /** Joins the group and begins to read. Waits for Redis; rejects with a `RedisStreamsError` (`Membership.join`). */
  async start(): Promise<void> {
    const { context, connections, readings, membership, leases } = this.parts;
    const { reclaimer, watch, janitor, scheduled } = this.parts;
    this.refuseIfStopping();
    connections.commands.start();
    await membership.join(() => this.until(() => context.isUp));
    connections.subscription.link.start();
    readings.connect();
    await this.until(() => this.isConnected);
    readings.start();
    reclaimer.start();
    watch.start();
    janitor.start();
    scheduled.start();
    void reclaimer.scan();
    leases.nudge('joined').catch(() => undefined);
    this.serves = true;
    this.whenChanged();
  }

  /** After a start that failed: waits, and takes another name, since the last one may have left a tombstone. */
  async beforeNextStart(): Promise<void> {
    const { context, membership } = this.parts;
    await membership.leave();
    context.identity.replace();
    let due = false;
    const cancel = context.clock.after(START_AGAIN, () => {
      due = true;
      this.condition.changed();
    });
    await this.until(() => due).catch(() => undefined);
    cancel();
  }

  /** Issues no further read. Resolves when the last one has returned. */
  async quiet(): Promise<void> {
    // A start that still waits for Redis must not begin to read now.
    if (!this.serves) this.isStopping = true;
    this.condition.changed();
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
    this.serves = false;
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
  async restored(by?: Connection): Promise<void> {
    const { membership, keeper, scheduled } = this.parts;
    if (this.serves && by === undefined) scheduled.lookAtAll();
    if (membership.isRegistered) await keeper.renew(by);
  }

  renewed(): void {
    const { membership, readings } = this.parts;
    if (!membership.isRegistered) return;
    readings.confirmed();
    this.wake();
  }

  message(channel: string, text: string): void {
    const { context, keys, keeper, readings, reclaimer } = this.parts;
    const { statistics, scheduled, wildStreams } = this.parts;
    if (channel === keys.streams()) {
      wildStreams?.told(text);
    } else if (channel === keys.nudge(context.options.group)) {
      if (scheduled.told(text)) return;
      void (text === 'paused' ? keeper.renewAnew() : keeper.renew());
      if (text === 'left') void reclaimer.scan();
    } else if (isCredit(text)) {
      context.windows.credit(text, this.settings.dispatcher);
    } else if (text === 'audit') {
      readings.audit();
    } else if (text === 'report') {
      void keeper.report();
    } else if (text === 'statistics') {
      void statistics.tell();
    } else {
      readings.cancel(text);
    }
  }

  private async stopLooking(): Promise<void> {
    const { reclaimer, watch, janitor, scheduled, wildStreams } = this.parts;
    scheduled.stop();
    await Promise.all([reclaimer.stop(), watch.stop(), janitor.stop(), wildStreams?.stop()]);
  }

  private wake(): void {
    this.settings.dispatcher.next();
    this.parts.readings.wake();
  }

  private get isConnected(): boolean {
    return this.parts.connections.isUp && this.parts.readings.isUp;
  }

  private async until(holds: () => boolean): Promise<void> {
    await this.condition.until(
      () => this.isStopping || holds(),
      () => undefined,
    );
    this.refuseIfStopping();
  }

  private refuseIfStopping(): void {
    if (this.isStopping) {
      throw new RedisStreamsError('CLOSED', 'the server was closed while starting');
    }
  }
}
