import { RedisStreamsError } from '../../errors.js';
import type { ResolvedServerOptions } from '../../options/index.js';
import type { LinkObserver } from '../../redis/link.js';
import { serverVersion } from '../../redis/server-version.js';
import { thrownText } from '../../thrown.js';
import type { Clock } from '../clock.js';
import { instanceHealth, type ServerHealth } from './instance-health.js';
import { Lifecycle, type LifecycleState } from '../lifecycle.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { ShardsInReach, type Reach } from '../shards-in-reach.js';
import type { CompanionFactory } from './membership/companion.js';
import type { Delivery } from './run/delivery.js';
import { Dispatcher } from './run/dispatcher.js';
import { Pauses } from './run/pauses.js';
import { EntryLines } from './settle/entry-lines.js';
import { ConsumerShard } from './shard.js';
import type { ConsumerDiagnostics } from './consumer-diagnostics.js';
import { Patterns } from './intake/patterns.js';
import type { PatternSpec } from './intake/pattern-state.js';
import { WildRoom, type WildPatterns } from './wildcards/wild-patterns.js';

export interface ConsumerHooks extends LinkObserver {
  /** Runs the handlers of a delivery; they end it, at once or later. Must not throw. */
  run(delivery: Delivery): void;
  /** Shards came up or went down. */
  status(reach: Reach): void;
}

export interface ConsumerParts {
  readonly options: ResolvedServerOptions;
  readonly specs: readonly PatternSpec[];
  /** What is done with patterns that no handler names; undefined: nothing. */
  readonly wild?: WildPatterns | undefined;
  /** Extensions that are told about the life of the lease in the first shard. */
  readonly companions: readonly CompanionFactory[];
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  readonly diagnostics: ConsumerDiagnostics;
  readonly hooks: ConsumerHooks;
  /** Consumers with the same object share connections. */
  readonly shared: object;
}

/** An instance of a service: one dispatcher, and one or several shards. */
export class Consumer {
  readonly shards: readonly ConsumerShard[];
  readonly reach: ShardsInReach;
  private readonly lifecycle = new Lifecycle();
  private readonly dispatcher: Dispatcher;
  private readonly pauses: Pauses;
  private readonly owners = new Map<string, ConsumerShard>();
  private closing: Promise<void> | undefined;

  private readonly options: ResolvedServerOptions;
  private readonly clock: Clock;
  private readonly logger: RateLimitedLogger;
  private readonly diagnostics: ConsumerDiagnostics;

  constructor(parts: ConsumerParts) {
    const { options, specs, companions, clock, logger, diagnostics, hooks, shared } = parts;
    this.options = options;
    this.clock = clock;
    this.logger = logger;
    this.diagnostics = diagnostics;
    this.reach = new ShardsInReach({
      ...{ clock, logger },
      shards: () => this.shards,
      tell: (reach) => hooks.status(reach),
    });
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
      redisNow: (at) => this.redisNow(at),
      owed: () => this.shards.reduce((sum, shard) => sum + shard.owed, 0),
      changed: () => this.wake(),
    });
    const links = { target: options.redis, maxPause: options.retryDelay, observer: hooks, shared };
    const patterns = new Patterns(specs, options.shards);
    this.pauses = this.pausesOf(patterns);
    const wild = parts.wild && {
      patterns: parts.wild,
      room: new WildRoom(options.wildcardStreams),
    };
    this.shards = Array.from({ length: options.shards }, (_, shard) => {
      const settings = {
        ...{ options, links, shard, patterns, clock, logger, diagnostics },
        ...{ dispatcher: this.dispatcher, pauses: this.pauses },
        companions: shard === 0 ? companions : [],
        wild,
        reads: (name: string, does: boolean) => {
          if (does) this.owners.set(name, this.shards[shard] as ConsumerShard);
          else this.owners.delete(name);
        },
        run: (delivery: Delivery) => hooks.run(delivery),
      };
      return new ConsumerShard(settings, () => this.reach.changed());
    });
    for (const shard of this.shards) {
      for (const name of shard.streamNames) this.owners.set(name, shard);
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
  redisNow(at?: number): number {
    return this.reached.context.redisClock.now(at);
  }

  /** The consumer name of this instance in the first shard; it has another one in each shard. */
  get instance(): string {
    return (this.shards[0] as ConsumerShard).context.identity.consumer;
  }

  /** Name and version of the Redis server; undefined if it does not tell. */
  serverVersion(): Promise<string | undefined> {
    return serverVersion(this.reached.commands);
  }

  /** Handlers that are running. */
  get inFlight(): number {
    return this.dispatcher.inFlight;
  }

  health(): ServerHealth {
    const shards = this.shards.map(({ health }) => health);
    return instanceHealth(this.state, shards, this.inFlight);
  }

  /** Resolves when all shards serve, or some do and the others cannot be reached: these are tried on. */
  async start(): Promise<void> {
    this.lifecycle.move('starting');
    for (const shard of this.shards) void this.serve(shard);
    await this.reach.begun;
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
    this.pauses.stop();
    this.reach.stop();
    if (ran)
      this.logger.log(
        'STOPPED',
        `stopped (group ${this.options.group}, instance ${this.instance})`,
      );
  }

  /** The first shard that Redis has answered in. */
  get reached(): ConsumerShard {
    for (const shard of this.shards) if (shard.context.redisClock.isKnown) return shard;
    return this.shards[0] as ConsumerShard;
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
    this.diagnostics.draining(inFlight, unstarted);
    const began = this.clock.now();
    const late = (): string => `${this.inFlight} of ${inFlight} handlers did not finish`;
    this.logger.log(
      'DRAINING',
      `draining: handlers that run: ${inFlight}, entries that go back: ${unstarted}; ${drainTimeout} ms at most`,
    );
    let cancel: () => void = () => undefined;
    let isLate = false;
    const limit = new Promise<void>((resolve) => {
      cancel = this.clock.after(drainTimeout, () => {
        isLate = true;
        this.logger.warn('DRAIN_TIMEOUT', `${late()} within drainTimeout; others take them over`);
        resolve();
      });
    });
    const done = drained.then(() => {
      // After the timeout handlers are abandoned, so being idle does not mean that they finished.
      if (isLate) return;
      const took = Math.round(this.clock.now() - began);
      this.logger.log('DRAINED', `drained in ${took} ms: ${inFlight} handlers have finished`);
    });
    await Promise.race([done, limit]);
    cancel();
  }

  private pausesOf(patterns: Patterns): Pauses {
    const { clock, logger, diagnostics } = this;
    return new Pauses({
      ...{ patterns, clock, logger, diagnostics },
      hooks: {
        redisNow: () => this.redisNow(),
        waiting: () => this.dispatcher.waiting,
        changed: () => {
          this.dispatcher.next();
          for (const shard of this.shards) shard.pausesChanged();
        },
      },
    });
  }

  private wake(): void {
    for (const shard of this.shards) shard.slotFree();
  }

  /** Starts a shard. One that is refused after the start of the others is tried again. Never rejects. */
  private async serve(shard: ConsumerShard): Promise<void> {
    for (;;) {
      try {
        await shard.start();
        return;
      } catch (error) {
        if (!this.reach.hasBegun) this.reach.fail(error);
        if (!this.reach.hasBegun || shard.isStopping) return;
        const { tag } = shard.keys;
        this.logger.error(
          `SHARD_REFUSED ${tag}`,
          `cannot serve shard ${tag} yet: ${thrownText(error)}`,
        );
        await shard.beforeNextStart();
      }
    }
  }
}
