import { Logger } from '@nestjs/common';
import {
  Server,
  type CustomTransportStrategy,
  type MessageHandler,
  type MsPattern,
} from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { systemClock } from '../engine/clock.js';
import type { CompanionFactory } from '../engine/consumer/membership/companion.js';
import { ConsumerDiagnostics } from '../engine/consumer/consumer-diagnostics.js';
import { NO_HEALTH, type ServerHealth } from '../engine/consumer/instance-health.js';
import { Consumer } from '../engine/consumer/consumer.js';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Reach } from '../engine/shards-in-reach.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveServerOptions,
  type RedisStreamsServerOptions,
  type ResolvedServerOptions,
} from '../options/index.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { Keys, shardOf } from '../protocol/keys.js';
import { patternText } from '../protocol/pattern.js';
import { ConnectionLog, tellAll } from './connection-log.js';
import { HANDLER_HOOK, type HandlerHook } from './handler-hook.js';
import { HandlerRegistry } from './handler-registry.js';
import { HandlerRunner, type AroundRun } from './handler-runner.js';
import { watchFilters } from './original-error.js';
import type { ContextSource } from './redis-streams.context.js';
import {
  statusOf,
  TransportEvents,
  type RedisStreamsEvents,
  type RedisStreamsStatus,
} from './redis-streams.events.js';
import { tellMissingRights } from './rights-line.js';
import { startLine, startWarnings } from './start-line.js';
import { startup } from './startup.js';
import { REDIS_STREAMS } from './transport-id.js';
import { thrownStory } from '../thrown.js';

/**
 * Serves `@MessagePattern` and `@EventPattern` handlers from Redis Streams. Instances with the same
 * `group` share the work by pulling; a call is acknowledged when its reply is stored, an event when all
 * its handlers have succeeded.
 *
 * @example
 * const app = await NestFactory.createMicroservice(AppModule, {
 *   strategy: new ServerRedisStreams({ url: 'redis://localhost:6379', group: 'orders' }),
 * });
 */
export class ServerRedisStreams
  extends Server<RedisStreamsEvents, string>
  implements CustomTransportStrategy
{
  static {
    showOnly(this, ({ options, consumer, messageHandlers }) => ({
      redis: placeOf(options.redis),
      prefix: options.prefix,
      group: options.group,
      state: consumer?.state ?? 'idle',
      patterns: [...messageHandlers.keys()],
    }));
  }

  override transportId = REDIS_STREAMS;
  /** Failures of event handlers reach us, and we retry and report them. */
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(ServerRedisStreams.name);

  private readonly options: ResolvedServerOptions;
  private readonly registry = new HandlerRegistry();
  private readonly companions: CompanionFactory[] = [];
  private readonly events: TransportEvents;
  private readonly quiet: RateLimitedLogger;
  private readonly runner: HandlerRunner;
  private consumer: Consumer | undefined;
  private readonly source: ContextSource = {
    redisNow: () => this.consumer?.redisNow() ?? Date.now(),
    streamKey: (name) => {
      const { prefix, shards } = this.options;
      return new Keys(prefix, shardOf(name, shards), shards).stream(name);
    },
  };

  /** Typed void, but returns what the start hook does: a promise if that one waits. */
  private readonly around: AroundRun = (context, run) => this.runWithProcessingHooks(context, run);

  /** @throws RedisStreamsError INVALID_OPTION */
  constructor(options?: RedisStreamsServerOptions) {
    super();
    this.options = resolveServerOptions(options);
    void watchFilters();
    this.quiet = new RateLimitedLogger(this.logger, () => systemClock.now());
    const { prefix, group, redis } = this.options;
    this.events = new TransportEvents(
      { role: 'server', prefix, group, redis: placeOf(redis) },
      (error) => this.logger.error(thrownStory(error), { code: 'LISTENER_FAILED' }),
    );
    this.runner = new HandlerRunner(this.options, this.source, this.quiet, this.events.source);
  }

  override get status(): Observable<RedisStreamsStatus> {
    return super.status as Observable<RedisStreamsStatus>;
  }

  override addHandler(
    pattern: MsPattern,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const route = this.normalizePattern(pattern);
    const hook = (extras as { readonly [HANDLER_HOOK]?: HandlerHook })[HANDLER_HOOK];
    const handler = hook === undefined ? callback : hook(this, route, callback);
    handler.isEventHandler = isEventHandler;
    handler.extras = extras;
    this.registry.add(route, handler, isEventHandler);
    // Nest's own map shows what is served: of each pattern the message handler, if there is one.
    if (!isEventHandler || !this.messageHandlers.has(route))
      this.messageHandlers.set(route, handler);
  }

  /**
   * Adds a companion, which is told about the life of this server's lease. To be called before `listen`.
   * @internal through the entry `./internal`
   */
  accompany(companion: CompanionFactory): void {
    this.companions.push(companion);
  }

  /**
   * Connects, joins the group and begins to read. Of several shards those that cannot be reached are left out, and
   * tried on: `status` is `partial` then. `callback` gets a `RedisStreamsError`
   * (DUPLICATE_HANDLER, INVALID_OPTION, GROUP_CONFLICT, and with `retryAttempts` NOT_CONNECTED), or
   * nothing.
   */
  override async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /**
   * Stops reading, lets running handlers finish within `drainTimeout` and leaves what was not started to
   * the other instances at once. Idempotent.
   */
  override async close(): Promise<void> {
    const { consumer } = this;
    if (consumer === undefined) return;
    await consumer.close();
    if (this.consumer === consumer) this.consumer = undefined;
    this.quiet.flush();
    this._status$.next('disconnected');
  }

  /** How this instance is doing, as far as it knows: it asks nobody, and costs nothing. */
  health(): ServerHealth {
    return this.consumer?.health() ?? NO_HEALTH;
  }

  override on<Name extends keyof RedisStreamsEvents>(
    event: Name,
    callback: RedisStreamsEvents[Name],
  ): void {
    this.events.on(event, callback);
  }

  /**
   * The ioredis connections of the moment: commands, blocking reader, subscriber; undefined where one
   * is being replaced. They belong to the transport.
   * @throws Error before `listen`
   */
  override unwrap<T>(): T {
    if (this.consumer === undefined) {
      throw new Error('Not initialized. Call "listen" or "startAllMicroservices" first.');
    }
    return this.consumer.connections() as T;
  }

  override setOnProcessingStartHook(hook: Parameters<Server['setOnProcessingStartHook']>[0]): void {
    super.setOnProcessingStartHook(hook);
    this.runner.around = this.around;
  }

  override setOnProcessingEndHook(hook: Parameters<Server['setOnProcessingEndHook']>[0]): void {
    super.setOnProcessingEndHook(hook);
    this.runner.around = this.around;
  }

  /** Nest's own rule sorts keys by the locale of the machine, and writes lists as objects. */
  protected override normalizePattern(pattern: MsPattern): string {
    return patternText(pattern);
  }

  private async start(): Promise<void> {
    if (this.consumer !== undefined) {
      throw new RedisStreamsError('INVALID_OPTION', 'the server is listening already');
    }
    const { specs, handlers } = this.registry.resolve(this.options);
    const shared = this.registry.hasEvents && !this.options.explicitGroup;
    for (const line of startWarnings(specs, shared))
      this.logger.warn(line, { code: 'CONFIGURATION' });
    this.runner.handlers = handlers;
    const isHopeless = (): boolean => consumer.reach.isHopeless;
    const start = startup(this.options.retryAttempts, isHopeless);
    const log = new ConnectionLog(this.options.redis, this.quiet, () => systemClock.now());
    const { options, companions, quiet: logger } = this;
    const status = (reach: Reach): void => {
      // Connections that it closes itself are not lost.
      if (consumer.state !== 'closed') this._status$.next(statusOf(reach));
    };
    const run = (delivery: Delivery): void => this.runner.run(delivery);
    const { diagnostics: told, observer, source } = this.events;
    const diagnostics = new ConsumerDiagnostics(told, source, systemClock);
    const hooks = { run, status, ...tellAll(log, start, observer) };
    const settings = { options, specs, companions, clock: systemClock, logger, diagnostics, hooks };
    const consumer: Consumer = new Consumer(settings);
    this.consumer = consumer;
    try {
      await start.until(consumer.start());
      void tellMissingRights('service', consumer.reached, this.quiet);
      void startLine(this.options, consumer, specs).then((line) =>
        this.quiet.log('LISTENING', line),
      );
    } catch (error) {
      const refused = RedisStreamsError.isRedisStreamsError(error) && error.code === 'REDIS';
      if (refused) await tellMissingRights('service', consumer.reached, this.quiet);
      await consumer.close();
      if (this.consumer === consumer) this.consumer = undefined;
      throw error;
    }
  }
}
