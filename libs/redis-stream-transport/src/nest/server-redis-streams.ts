import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import {
  Server,
  type CustomTransportStrategy,
  type MessageHandler,
  type MsPattern,
} from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { clockOf } from '../engine/clock.js';
import type { CompanionFactory } from '../engine/consumer/membership/companion.js';
import { NO_HEALTH, type ServerHealth } from '../engine/consumer/instance-health.js';
import { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { Reach } from '../engine/shards-in-reach.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveServerOptions,
  type RedisStreamsServerOptions,
  type ResolvedServerOptions,
} from '../options/index.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { patternText } from '../protocol/pattern.js';
import { GroupMembers } from './group-members.js';
import { HANDLER_HOOK, type HandlerHook } from './handler-hook.js';
import { HandlerRegistry } from './handler-registry.js';
import type { AroundRun, RunFrame } from './handler-runner.js';
import { watchFilters } from './original-error.js';
import { between, type ProcessingEndHook, type ProcessingStartHook } from './processing-hooks.js';
import {
  statusOf,
  TransportEvents,
  type RedisStreamsEvents,
  type RedisStreamsStatus,
} from './redis-streams.events.js';
import { startWarnings } from './start-line.js';
import { REDIS_STREAMS } from './transport-id.js';
import { thrownStory } from '../thrown.js';

/** In NestJS 11 each transport calls the hooks by itself. */
const HAS_PROCESSING_HOOKS = 'runWithProcessingHooks' in Server.prototype;

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
    showOnly(this, ({ options, members, messageHandlers }) => ({
      redis: placeOf(options.redis),
      prefix: options.prefix,
      group: options.group,
      state: members?.state ?? 'idle',
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
  private readonly frame: RunFrame = {
    origin: new AsyncResource('ServerRedisStreams'),
    around: undefined,
  };
  private members: GroupMembers | undefined;

  /** As Nest's own, which is not there in 11.1.0. */
  protected override onProcessingStartHook: ProcessingStartHook = (_transport, _context, done) =>
    done();
  /** Typed void, but returns what the start hook does: a promise if that one waits. */
  private readonly around: AroundRun = HAS_PROCESSING_HOOKS
    ? (context, run) => this.runWithProcessingHooks(context, run)
    : (context, run) =>
        between(
          (begin) => this.onProcessingStartHook(REDIS_STREAMS, context, begin),
          () => this.onProcessingEndHook?.(REDIS_STREAMS, context),
          run,
        );

  /** @throws RedisStreamsError INVALID_OPTION */
  constructor(options?: RedisStreamsServerOptions) {
    super();
    this.options = resolveServerOptions(options);
    void watchFilters();
    const clock = clockOf(this.options.redis);
    this.quiet = new RateLimitedLogger(this.logger, () => clock.now());
    const { prefix, group, redis } = this.options;
    this.events = new TransportEvents(
      { role: 'server', prefix, group, redis: placeOf(redis) },
      (error) => this.logger.error(thrownStory(error), { code: 'LISTENER_FAILED' }),
    );
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
    const { members } = this;
    if (members === undefined) return;
    await members.close();
    if (this.members === members) this.members = undefined;
    this.quiet.flush();
    this._status$.next('disconnected');
  }

  /** How this instance is doing, as far as it knows: it asks nobody, and costs nothing. */
  health(): ServerHealth {
    return this.members?.health ?? NO_HEALTH;
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
    if (this.members === undefined) {
      throw new Error('Not initialized. Call "listen" or "startAllMicroservices" first.');
    }
    return this.members.connections as T;
  }

  override setOnProcessingStartHook(hook: ProcessingStartHook): void {
    this.onProcessingStartHook = hook;
    this.frame.around = this.around;
  }

  override setOnProcessingEndHook(hook: ProcessingEndHook): void {
    this.onProcessingEndHook = hook;
    this.frame.around = this.around;
  }

  /** Nest's own rule sorts keys by the locale of the machine, and writes lists as objects. */
  protected override normalizePattern(pattern: MsPattern): string {
    return patternText(pattern);
  }

  private async start(): Promise<void> {
    if (this.members !== undefined) {
      throw new RedisStreamsError('INVALID_OPTION', 'the server is listening already');
    }
    const { options, companions, quiet: logger, events, frame } = this;
    const groups = this.registry.resolve(options, logger);
    for (const line of startWarnings(groups, options)) {
      this.logger.warn(line, { code: 'CONFIGURATION' });
    }
    const status = (reach: Reach): void => this._status$.next(statusOf(reach));
    const members = new GroupMembers({
      ...{ options, groups, companions, logger, events, frame, status },
    });
    this.members = members;
    try {
      await members.start();
    } catch (error) {
      if (this.members === members) this.members = undefined;
      throw error;
    }
  }
}
