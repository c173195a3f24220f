import { RedisStreamsError } from '../../errors.js';
import type { ResolvedServerOptions } from '../../options/index.js';
import { shardOf } from '../../protocol/keys.js';
import type { LinkObserver } from '../../redis/link.js';
import { serverVersion } from '../../redis/server-version.js';
import { SharedConnections } from '../../redis/connections/shared-connections.js';
import type { Clock } from '../clock.js';
import { Lifecycle, type LifecycleState } from '../lifecycle.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import type { CompanionFactory } from './membership/companion.js';
import type { Delivery } from './run/delivery.js';
import { Dispatcher } from './run/dispatcher.js';
import { EntryLines } from './settle/entry-lines.js';
import { ConsumerShard } from './shard.js';
import { Patterns } from './intake/patterns.js';
import type { PatternSpec } from './intake/pattern-state.js';

export interface ConsumerHooks extends LinkObserver {
  /** Runs the handlers of a delivery; they end it, at once or later. Must not throw. */
  run(delivery: Delivery): void;
  /** All connections are up, or one went down. */
  status(up: boolean): void;
}

export interface ConsumerParts {
  readonly options: ResolvedServerOptions;
  readonly specs: readonly PatternSpec[];
  /** Extensions that are told about the life of the lease in the first shard. */
  readonly companions: readonly CompanionFactory[];
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  readonly hooks: ConsumerHooks;
}

/** An instance of a service: one dispatcher, and one or several shards. */
export class Consumer {
  readonly shards: readonly ConsumerShard[];
  private readonly lifecycle = new Lifecycle();
  private readonly dispatcher: Dispatcher;
  private readonly owners = new Map<string, ConsumerShard>();
  private up = false;
  private closing: Promise<void> | undefined;

  private readonly options: ResolvedServerOptions;
  private readonly clock: Clock;
  private readonly logger: RateLimitedLogger;
  private readonly hooks: ConsumerHooks;

  constructor({ options, specs, companions, clock, logger, hooks }: ConsumerParts) {
    this.options = options;
    this.clock = clock;
    this.logger = logger;
    this.hooks = hooks;
    this.dispatcher = new Dispatcher(options.concurrency, clock, {
      stuck: (delivery) => {
        new EntryLines(logger).stuck(delivery);
        if (delivery.isRequest) {
          delivery.fault('TIMEOUT', 'the handler did not finish in time', 'may-have-run');
        } else {
          delivery.acknowledge();
        }
        delivery.abandon();
      },
      mayStart: ({ stream }) => this.owners.get(stream.name)?.context.identity.mayStart === true,
      redisNow: () => (this.shards[0] as ConsumerShard).context.redisClock.now(),
      owed: () => this.shards.reduce((sum, shard) => sum + shard.owed, 0),
      changed: () => this.wake(),
    });
    const shared = new SharedConnections();
    const links = { target: options.redis, maxPause: options.retryDelay, observer: hooks, shared };
    const patterns = new Patterns(specs, options.shards);
    this.shards = Array.from({ length: options.shards }, (_, shard) => {
      const settings = {
        ...{ options, links, shard, patterns, clock, logger, dispatcher: this.dispatcher },
        companions: shard === 0 ? companions : [],
        run: (delivery: Delivery) => hooks.run(delivery),
      };
      return new ConsumerShard(settings, () => this.changed());
    });
    for (const { stream } of specs) {
      this.owners.set(stream, this.shards[shardOf(stream, options.shards)] as ConsumerShard);
    }
  }

  get state(): LifecycleState {
    return this.lifecycle.state;
  }

  /** The current ioredis objects: readers of each shard, and those for commands and messages, which shards share. */
  connections(): unknown[] {
    return [...new Set(this.shards.flatMap((shard) => shard.connections()))];
  }

  /** Redis' clock as this process estimates it, in milliseconds. */
  redisNow(): number {
    return (this.shards[0] as ConsumerShard).context.redisClock.now();
  }

  /** The consumer name of this instance in the first shard; it has another one in each shard. */
  get instance(): string {
    return (this.shards[0] as ConsumerShard).context.identity.consumer;
  }

  /** Name and version of the Redis server; undefined if it does not tell. */
  serverVersion(): Promise<string | undefined> {
    return serverVersion((this.shards[0] as ConsumerShard).commands);
  }

  /** Handlers that are running. */
  get inFlight(): number {
    return this.dispatcher.inFlight;
  }

  async start(): Promise<void> {
    this.lifecycle.move('starting');
    await Promise.all(this.shards.map((shard) => shard.start()));
    if (!this.lifecycle.is('starting')) {
      throw new RedisStreamsError('CLOSED', 'the server was closed while starting');
    }
    this.lifecycle.move('running');
  }

  /**
   * Stops reading, drains, leaves. Reading stops first, so that no new entries come. Handlers that run may finish
   * within `drainTimeout`, and their replies are written before the lease is given back. Entries that were not
   * started or not finished stay pending; other instances take them over at once.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const ran = this.lifecycle.is('running');
    if (ran) {
      this.lifecycle.move('draining');
      this.dispatcher.pause();
      await this.within(this.drain());
    }
    this.lifecycle.move('closed');
    await Promise.all(this.shards.map((shard) => shard.stop()));
    this.dispatcher.stop();
    this.up = false;
    if (ran)
      this.logger.log('stop', `stopped (group ${this.options.group}, instance ${this.instance})`);
  }

  private async drain(): Promise<void> {
    const quiet = Promise.all(this.shards.map((shard) => shard.quiet()));
    this.dispatcher.clearWaiting();
    await Promise.all([quiet, this.dispatcher.whenIdle()]);
    // The last read may have brought entries; they stay pending.
    this.dispatcher.clearWaiting();
    await Promise.all(this.shards.map((shard) => shard.settled()));
  }

  /** Waits for the drain, `drainTimeout` milliseconds at most. */
  private async within(drained: Promise<void>): Promise<void> {
    const { drainTimeout } = this.options;
    const { inFlight, unstarted } = this.dispatcher;
    const began = this.clock.now();
    const late = (): string => `${this.inFlight} of ${inFlight} handlers did not finish`;
    this.logger.log(
      'drain',
      `draining: handlers that run: ${inFlight}, entries that go back: ${unstarted}; ${drainTimeout} ms at most`,
    );
    let cancel: () => void = () => undefined;
    let isLate = false;
    const limit = new Promise<void>((resolve) => {
      cancel = this.clock.after(drainTimeout, () => {
        isLate = true;
        this.logger.warn('late', `${late()} within drainTimeout; others take them over`);
        resolve();
      });
    });
    const done = drained.then(() => {
      // After the timeout handlers are abandoned, so being idle does not mean that they finished.
      if (isLate) return;
      const took = Math.round(this.clock.now() - began);
      this.logger.log('drained', `drained in ${took} ms: ${inFlight} handlers have finished`);
    });
    await Promise.race([done, limit]);
    cancel();
  }

  private wake(): void {
    for (const shard of this.shards) shard.slotFree();
  }

  private changed(): void {
    const up = this.shards.every((shard) => shard.isUp);
    if (up === this.up) return;
    this.up = up;
    this.hooks.status(up);
  }
}
