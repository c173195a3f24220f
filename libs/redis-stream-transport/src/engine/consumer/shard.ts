import { RedisStreamsError } from '../../errors.js';
import type { ResolvedServerOptions } from '../../options/index.js';
import { Keys } from '../../protocol/keys.js';
import { GroupBroker } from '../../redis/group-broker.js';
import { LeaseBroker, type Announcement } from '../../redis/lease-broker.js';
import { Link, type LinkSettings } from '../../redis/link.js';
import { Subscription } from '../../redis/subscription.js';
import type { Clock } from '../clock.js';
import type { QuietLogger } from '../logger.js';
import { RedisClock } from '../redis-clock.js';
import type { Delivery } from './delivery.js';
import type { Dispatcher } from './dispatcher.js';
import { Janitor } from './janitor.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Reclaimer } from './reclaimer.js';
import { newOwner, ShardContext } from './shard-context.js';
import type { PatternSpec } from './stream-state.js';
import { GroupReading, streamStates } from './group-reading.js';
import { Worker } from './worker.js';

export interface ShardHooks {
  changed(): void;
}

/**
 * A consumer in one shard: who it is, what it reads, and the companions that keep that true: lease,
 * reader, audit, take-over, janitor.
 */
export class ConsumerShard {
  readonly context: ShardContext;
  readonly redisClock: RedisClock;
  readonly commands: Link;
  readonly subscription: Subscription;
  private readonly keys: Keys;
  private readonly main: GroupReading;
  private readonly broadcast: GroupReading | undefined;
  private readonly keeper: LeaseKeeper;
  private readonly reclaimer: Reclaimer;
  private readonly janitor: Janitor;
  private subscribed = false;
  private registered = false;
  private reregistering: Promise<void> | undefined;
  private waiters: (() => void)[] = [];
  private stopping = false;

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly links: LinkSettings,
    shard: number,
    specs: readonly PatternSpec[],
    private readonly dispatcher: Dispatcher,
    private readonly clock: Clock,
    private readonly logger: QuietLogger,
    private readonly hooks: ShardHooks,
  ) {
    this.keys = new Keys(options.prefix, shard, options.shards);
    this.context = new ShardContext(options.replyTtl);
    this.redisClock = new RedisClock(clock);
    this.commands = new Link('commands', links, {
      up: () => this.commandsUp(),
      down: () => this.commandsDown(),
    });
    this.subscription = new Subscription(links, this.channels(), {
      message: (channel, text) => this.message(channel, text),
      proven: () => {
        this.subscribed = true;
        this.changed();
        // Notices that were published meanwhile were also left in the inbox.
        if (this.registered) void this.keeper.renew();
      },
      lost: () => {
        this.subscribed = false;
        this.context.connections++;
        this.changed();
      },
    });
    const own = specs.filter(({ broadcast }) => !broadcast);
    const shared = specs.filter(({ broadcast }) => broadcast);
    const leases = new LeaseBroker(this.commands, this.keys, options.group);
    this.main = this.reading(own, options.group);
    this.broadcast =
      shared.length > 0 ? this.reading(shared, this.broadcastGroup()) : undefined;
    this.keeper = new LeaseKeeper(
      this.context,
      leases,
      announcements(own),
      options.leaseTtl,
      clock,
      this.redisClock,
      logger,
      {
        fenced: () => this.fenced(),
        doubted: () => {
          this.context.connections++;
        },
        renewed: () => this.renewed(),
        notices: (texts) => texts.forEach((text) => this.abort(text)),
        membersChanged: () => this.unblockReaders(),
      },
    );
    this.reclaimer = new Reclaimer(
      this.context,
      this.main.worker.broker,
      leases,
      [...this.main.streams, ...(this.broadcast?.streams ?? [])],
      options.leaseTtl,
      clock,
      logger,
      {
        claimed: (stream, entries) => this.main.worker.acceptHeld(stream, entries),
        free: () => dispatcher.free,
        mayClaim: () => this.keeper.isValid,
        fenced: () => this.fenced(),
      },
    );
    this.janitor = new Janitor(
      this.main.worker.broker,
      this.main.streams,
      options.groupTtl,
      options.retention,
      clock,
      logger,
    );
  }

  get isUp(): boolean {
    return this.context.isUp && this.subscribed && this.readings.every(({ isUp }) => isUp);
  }

  /** Handlers may start: nobody can have revoked the lease. */
  get mayStart(): boolean {
    return this.keeper.isValid;
  }

  /** The ioredis objects of the moment. */
  connections(): unknown[] {
    return [
      this.commands.current,
      ...this.readings.map(({ link }) => link.current),
      this.subscription.link.current,
    ];
  }

  /** A slot is free: read on. */
  slotFree(): void {
    for (const { reader } of this.readings) reader.wake();
  }

  /** Connects and begins to read. Rejects with GROUP_CONFLICT; waits for Redis otherwise. */
  async start(): Promise<void> {
    this.stopping = false;
    this.commands.start();
    await this.until(() => this.context.isUp);
    await this.register(true);
    this.subscription.link.start();
    for (const { link } of this.readings) link.start();
    await this.until(() => this.isUp);
    for (const reading of this.readings) reading.reader.start();
    this.reclaimer.start();
    this.janitor.start();
    void this.reclaimer.scan();
    this.nudge();
  }

  /** Issues no further read; resolves when the last one has returned. */
  async quiet(): Promise<void> {
    const stopped = this.readings.map(({ reader }) => reader.stop());
    this.unblockReaders();
    await Promise.all([...stopped, this.reclaimer.stop(), this.janitor.stop()]);
  }

  /** Resolves when everything that was finished is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.readings.map(({ worker }) => worker.settler.settled()));
  }

  /** Leaves what is pending to the others, at once, and closes the connections. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.keeper.stop();
    for (const { worker } of this.readings) worker.retries.clear();
    await this.leave().catch((error: Error) => {
      this.logger.warn('leave', `leaving without a word, others take over later: ${error.message}`);
    });
    for (const wake of this.waiters.splice(0)) wake();
    await Promise.all([
      this.commands.stop(),
      this.subscription.link.stop(),
      ...this.readings.map(({ link }) => link.stop()),
      ...this.readings.map(({ reader }) => reader.stop()),
      this.reclaimer.stop(),
      this.janitor.stop(),
    ]);
    for (const { worker } of this.readings) worker.abandon();
    this.context.isUp = false;
    this.subscribed = false;
    this.registered = false;
  }

  private get readings(): readonly GroupReading[] {
    return this.broadcast === undefined ? [this.main] : [this.main, this.broadcast];
  }

  private reading(
    specs: readonly PatternSpec[],
    group: string,
  ): GroupReading {
    const broker = new GroupBroker(this.commands, this.keys, group);
    const streams = streamStates(specs);
    const worker = new Worker(
      this.context,
      broker,
      streams,
      this.options,
      this.dispatcher,
      this.clock,
      this.redisClock,
      this.logger,
      {
        leaseDoubt: (kind) => this.leaseDoubt(kind),
        handed: (consumer) => void this.leaseBroker().nudgeConsumer(consumer).catch(() => undefined),
      },
    );
    return new GroupReading(
      this.context,
      worker,
      streams,
      this.options,
      this.links,
      (name) => this.keys.stream(name),
      this.dispatcher,
      this.clock,
      this.logger,
      {
        mayRead: () => this.keeper.isValid && !this.stopping,
        changed: () => this.changed(),
        fenced: () => this.fenced(),
      },
    );
  }

  private leaseBroker(): LeaseBroker {
    return new LeaseBroker(this.commands, this.keys, this.options.group);
  }

  // ---- Identity

  private async register(first: boolean): Promise<void> {
    await this.keeper.take();
    const conflict = await this.keeper.announce(first);
    if (conflict !== undefined) {
      await this.keeper.release();
      throw new RedisStreamsError(
        'GROUP_CONFLICT',
        `group ${conflict.group} answers requests of ${conflict.pattern} already; ` +
          'instances of one service share a group, and a request has one answering service',
        { pattern: conflict.pattern },
      );
    }
    await Promise.all(this.readings.map(({ worker }) => worker.ensureGroups()));
    this.registered = true;
  }

  /** Another process has taken over what this one holds: drop it all and begin under a new name. */
  private fenced(): void {
    if (this.stopping || this.reregistering !== undefined) return;
    this.logger.warn('fenced', 'this instance was taken for dead; it continues under a new name');
    this.registered = false;
    this.keeper.invalidate();
    this.context.owner = newOwner();
    this.context.connections++;
    for (const { worker } of this.readings) worker.abandon();
    if (this.broadcast !== undefined) this.broadcast.worker.broker.group = this.broadcastGroup();
    this.subscription.replace(this.channels());
    this.reregistering = this.reregister().finally(() => {
      this.reregistering = undefined;
    });
  }

  private async reregister(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.register(false);
        this.wake();
        return;
      } catch (error) {
        this.logger.warn('register', `cannot take a lease yet: ${(error as Error).message}`);
        await new Promise<void>((resolve) => this.clock.after(250, resolve));
      }
    }
  }

  private leaseDoubt(kind: 'missing' | 'fenced'): void {
    if (kind === 'fenced') this.fenced();
    else void this.keeper.renew();
  }

  private async leave(): Promise<void> {
    if (!this.context.isUp || !this.registered) return;
    if (this.broadcast !== undefined) {
      const { worker, streams } = this.broadcast;
      const { consumer } = this.context.owner;
      await Promise.all(
        streams.map(({ name }) => worker.broker.dropGroup(name, consumer, '', true)),
      );
    }
    await this.keeper.release();
    await this.leaseBroker().nudge('left');
  }

  // ---- Connections

  private async commandsUp(): Promise<void> {
    const sentAt = this.clock.now();
    const { id, now } = await this.main.worker.broker.hello();
    this.redisClock.observe(now, sentAt);
    this.context.incarnation = id;
    this.context.connections++;
    this.context.isUp = true;
    if (this.registered) {
      await this.keeper.renew();
      for (const { worker } of this.readings) worker.settler.resume();
    }
    this.changed();
  }

  private commandsDown(): void {
    this.context.isUp = false;
    this.changed();
  }

  private renewed(): void {
    if (!this.registered) return;
    for (const { worker, auditor } of this.readings) {
      worker.settler.resume();
      void auditor.audit();
    }
    this.wake();
  }

  private wake(): void {
    this.dispatcher.next();
    for (const { reader } of this.readings) reader.wake();
  }

  private changed(): void {
    for (const wake of this.waiters.splice(0)) wake();
    this.wake();
    this.hooks.changed();
  }

  /** Resolves when the condition holds, or the shard stops. */
  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.stopping) throw new RedisStreamsError('CLOSED', 'the server was closed while starting');
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  // ---- Messages

  private channels(): string[] {
    return [this.keys.inbox(this.context.owner.consumer), this.keys.nudge(this.options.group)];
  }

  private broadcastGroup(): string {
    return `${this.options.group}~${this.context.owner.consumer}`;
  }

  private message(channel: string, text: string): void {
    if (channel === this.keys.nudge(this.options.group)) {
      void this.keeper.renew();
      if (text === 'left') void this.reclaimer.scan();
    } else if (text === 'audit') {
      for (const { auditor } of this.readings) void auditor.audit();
    } else {
      this.abort(text);
    }
  }

  /** `["stream","entry"]`: nobody waits for it any more. */
  private abort(text: string): void {
    let named: unknown;
    try {
      named = JSON.parse(text);
    } catch {
      return;
    }
    if (!Array.isArray(named)) return;
    for (const { streams } of this.readings) {
      const stream = streams.find(({ name }) => name === named[0]);
      const delivery: Delivery | undefined = stream?.held.get(String(named[1]));
      if (delivery === undefined || delivery.ended) continue;
      if (delivery.running) this.dispatcher.abort(delivery);
      else delivery.fault('CANCELLED', 'nobody waits for the call any more', 'may-have-run');
    }
  }

  private nudge(): void {
    this.leaseBroker()
      .nudge('joined')
      .catch(() => undefined);
  }

  /** Ends blocking reads, whose COUNT no longer fits or for which there is no time. */
  private unblockReaders(): void {
    for (const reading of this.readings) {
      const { clientId } = reading;
      if (clientId === undefined || !reading.reader.isReading) continue;
      this.leaseBroker()
        .unblock(clientId)
        .catch(() => undefined);
    }
  }
}

function announcements(specs: readonly PatternSpec[]): Announcement[] {
  return specs.filter(({ answers }) => answers).map(({ pattern, once }) => ({ pattern, once }));
}
