import { RedisStreamsError } from '../../errors.js';
import type { ResolvedServerOptions } from '../../options/index.js';
import { broadcastGroup } from '../../protocol/broadcast-group.js';
import { Keys } from '../../protocol/keys.js';
import { GroupBroker } from '../../redis/group-broker.js';
import { LeaseBroker } from '../../redis/lease-broker.js';
import { Link, type LinkSettings } from '../../redis/link.js';
import { StartBroker } from '../../redis/start-broker.js';
import { Subscription } from '../../redis/subscription.js';
import type { Clock } from '../clock.js';
import { Condition } from '../condition.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import type { CompanionFactory } from './membership/companion.js';
import type { Delivery } from './run/delivery.js';
import type { Dispatcher } from './run/dispatcher.js';
import { Janitor } from './recovery/janitor.js';
import { LeaseKeeper } from './membership/lease-keeper.js';
import { cancelledEntries, applyCancellation } from './membership/cancellations.js';
import { Reclaimer } from './recovery/reclaimer.js';
import { Membership } from './membership/membership.js';
import { ShardContext } from './membership/shard-context.js';
import type { Patterns } from './intake/patterns.js';
import { announcementsOf } from './intake/pattern-state.js';
import type { StreamState } from './intake/stream-state.js';
import { GroupReading } from './intake/group-reading.js';
import { DeliveryProcessor } from './settle/delivery-processor.js';

export interface ShardHooks {
  run(delivery: Delivery): void;
  changed(): void;
}

/** A consumer in one shard: who it is, what it reads, and what keeps that true: lease, audit, take-over. */
export class ConsumerShard {
  readonly context: ShardContext;
  readonly commands: Link;
  readonly subscription: Subscription;
  private readonly keys: Keys;
  private readonly main: GroupReading;
  private readonly broadcast: GroupReading | undefined;
  private readonly leases: LeaseBroker;
  private readonly keeper: LeaseKeeper;
  private readonly membership: Membership;
  private readonly reclaimer: Reclaimer;
  private readonly janitor: Janitor;
  private subscribed = false;
  private readonly condition = new Condition();
  private stopping = false;

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly links: LinkSettings,
    shard: number,
    patterns: Patterns,
    companions: readonly CompanionFactory[],
    private readonly dispatcher: Dispatcher,
    clock: Clock,
    logger: RateLimitedLogger,
    private readonly hooks: ShardHooks,
  ) {
    this.keys = new Keys(options.prefix, shard, options.shards);
    this.context = new ShardContext(options, clock, logger);
    const named = { ...links, name: this.context.connectionName };
    this.commands = new Link('commands', named, {
      up: () => this.commandsUp(),
      down: () => {
        this.context.isUp = false;
        this.changed();
      },
    });
    this.links = { ...named, ahead: this.commands };
    this.subscription = new Subscription(this.links, this.channels(), {
      message: (channel, text) => this.message(channel, text),
      proven: () => {
        this.subscribed = true;
        this.changed();
        // Notices that were published meanwhile were also left in the inbox.
        if (this.membership.isRegistered) void this.keeper.renew();
      },
      lost: () => {
        this.subscribed = false;
        this.context.generation++;
        this.changed();
      },
    });
    const own = patterns.here(shard, false);
    const { streams: shared } = patterns.here(shard, true);
    this.leases = new LeaseBroker(this.commands, this.keys, options.group);
    this.main = this.reading(own.streams, options.group);
    this.broadcast = shared.length > 0 ? this.reading(shared, this.broadcastGroup()) : undefined;
    const made = companions.map((make) => make(this.commands, this.keys, options));
    this.keeper = new LeaseKeeper(this.context, this.leases, announcementsOf(own.specs), made, {
      fenced: () => this.membership.fenced(),
      doubted: () => {
        this.context.generation++;
      },
      renewed: () => this.renewed(),
      cancellations: (texts) => texts.forEach((text) => this.obey(text)),
      membersChanged: () => this.unblockReaders(),
    });
    this.membership = new Membership(this.context, this.keeper, this.leases, {
      ensureGroups: async (strict) => {
        await Promise.all(this.readings.map(({ groups }) => groups.ensure(strict)));
      },
      renamed: () => this.renamed(),
      registered: () => this.wake(),
      leaving: () => Promise.all([this.main.unlist(), this.broadcast?.dropGroups()]),
    });
    const streams = this.readings.flatMap((reading) => reading.streams);
    this.reclaimer = new Reclaimer(this.context, this.main.processor.broker, this.leases, streams, {
      claimed: (stream, entries, notices) =>
        this.main.processor.acceptHeld(stream, entries, cancelledEntries(notices, stream.name)),
      revoked: (dead, stream) =>
        this.main.processor.startGuard.endInterrupted(dead, stream, options.replyTtl),
      free: () => (this.main.processor.retries.isFull ? 0 : dispatcher.free),
      room: dispatcher,
      mayClaim: () => this.keeper.isValid,
      fenced: () => this.membership.fenced(),
    });
    const once = new StartBroker(this.commands, this.keys, () => options.group);
    this.janitor = new Janitor(this.context, this.readings, once);
  }

  get isUp(): boolean {
    return this.context.isUp && this.subscribed && this.readings.every(({ isUp }) => isUp);
  }

  /** Entries that wait for Redis, although nothing of them runs. */
  get owed(): number {
    return this.readings.reduce((sum, { processor }) => sum + processor.owed, 0);
  }

  /** Handlers may start: nobody can have revoked the lease. */
  get mayStart(): boolean {
    return this.keeper.isValid;
  }

  connections(): unknown[] {
    return [
      this.commands.current,
      ...this.readings.map(({ link }) => link.current),
      this.subscription.link.current,
    ];
  }

  /** A slot is free: for what a dead instance left, else for what is new. */
  slotFree(): void {
    if (this.reclaimer.canGoOn) void this.reclaimer.scan().then(() => this.wake());
    const mayRead = !this.reclaimer.isBehind || this.dispatcher.nested > 0;
    if (mayRead) for (const { reader } of this.readings) reader.wake();
  }

  /** Connects and begins to read. Rejects with GROUP_CONFLICT; waits for Redis otherwise. */
  async start(): Promise<void> {
    this.stopping = false;
    this.commands.start();
    await this.membership.join(() => this.until(() => this.context.isUp));
    this.subscription.link.start();
    for (const reading of this.readings) reading.start();
    await this.until(() => this.isUp);
    for (const { reader } of this.readings) reader.start();
    this.reclaimer.start();
    this.janitor.start();
    void this.reclaimer.scan();
    this.leases.nudge('joined').catch(() => undefined);
  }

  /** Issues no further read; resolves when the last one has returned. */
  async quiet(): Promise<void> {
    const stopped = this.readings.map(({ reader }) => reader.stop());
    this.unblockReaders();
    await Promise.all([...stopped, this.reclaimer.stop(), this.janitor.stop()]);
  }

  /** Resolves when everything that was finished is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.readings.map(({ processor }) => processor.settled()));
  }

  /** Leaves what is pending to the others, at once, and closes the connections. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const { processor } of this.readings) processor.retries.clear();
    await this.membership.leave();
    this.condition.changed();
    await Promise.all([
      this.commands.stop(),
      this.subscription.link.stop(),
      ...this.readings.map((reading) => reading.stop()),
      this.reclaimer.stop(),
      this.janitor.stop(),
    ]);
    for (const { processor } of this.readings) processor.abandon('closing');
    this.context.isUp = false;
    this.subscribed = false;
  }

  private get readings(): readonly GroupReading[] {
    return this.broadcast === undefined ? [this.main] : [this.main, this.broadcast];
  }

  private reading(streams: readonly StreamState[], group: string): GroupReading {
    const broker = new GroupBroker(this.commands, this.keys, group, this.options.group);
    const starts = new StartBroker(this.commands, this.keys, () => broker.group);
    const { context, dispatcher } = this;
    const processor = new DeliveryProcessor(context, broker, starts, streams, dispatcher, {
      run: (delivery) => this.hooks.run(delivery),
      mayStart: () => this.mayStart,
      leaseDoubt: (kind) => this.membership.doubt(kind),
      handed: (consumer) => void this.leases.nudgeConsumer(consumer).catch(() => undefined),
    });
    return new GroupReading(context, processor, this.links, this.keys, dispatcher, {
      mayRead: (nested) => this.mayStart && !this.stopping && (nested || !this.reclaimer.isBehind),
      changed: () => this.changed(),
      brought: (stream, count) => this.janitor.brought(stream, count),
      fenced: () => this.membership.fenced(),
      unblock: (clientId) => this.leases.unblock(clientId),
    });
  }

  /** Everything held under the old name is somebody else's now. */
  private renamed(): void {
    for (const { processor } of this.readings) processor.abandon('fenced');
    if (this.broadcast !== undefined) this.broadcast.processor.broker.group = this.broadcastGroup();
    this.subscription.replace(this.channels());
  }

  // ---- Connections

  private async commandsUp(): Promise<void> {
    const sentAt = this.context.clock.now();
    const { id, now } = await this.main.processor.broker.hello();
    this.context.redisClock.observe(now, sentAt);
    this.context.incarnation = id;
    this.context.generation++;
    this.context.isUp = true;
    if (this.membership.isRegistered) await this.keeper.renew();
    this.changed();
  }

  private renewed(): void {
    if (!this.membership.isRegistered) return;
    for (const { processor, auditor } of this.readings) {
      processor.confirmed();
      void auditor.auditNext();
    }
    this.wake();
  }

  private wake(): void {
    this.dispatcher.next();
    for (const { reader } of this.readings) reader.wake();
  }

  private changed(): void {
    this.condition.changed();
    this.wake();
    this.hooks.changed();
  }

  private until(holds: () => boolean): Promise<void> {
    return this.condition.until(holds, () =>
      this.stopping
        ? new RedisStreamsError('CLOSED', 'the server was closed while starting')
        : undefined,
    );
  }

  // ---- Messages

  private channels(): string[] {
    return [this.keys.inbox(this.context.owner.consumer), this.keys.nudge(this.options.group)];
  }

  private broadcastGroup(): string {
    return broadcastGroup(this.options.group, this.context.owner.consumer);
  }

  private message(channel: string, text: string): void {
    if (channel === this.keys.nudge(this.options.group)) {
      void this.keeper.renew();
      if (text === 'left') void this.reclaimer.scan();
    } else if (text === 'audit') {
      for (const { auditor } of this.readings) void auditor.audit();
    } else if (text === 'report') {
      void this.keeper.report();
    } else {
      this.obey(text);
    }
  }

  private obey(text: string): void {
    for (const { streams } of this.readings) applyCancellation(text, streams, this.dispatcher);
  }

  private unblockReaders(): void {
    for (const reading of this.readings) reading.unblock();
  }
}
