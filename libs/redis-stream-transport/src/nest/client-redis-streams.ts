import { Logger } from '@nestjs/common';
import {
  ClientProxy,
  type MsPattern,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import { lastValueFrom, Observable } from 'rxjs';
import { clockOf, type Clock } from '../engine/clock.js';
import { enableDeadlineScopes } from '../engine/deadline-scope.js';
import { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { outside } from '../engine/outside.js';
import type { CallerShard } from '../engine/producer/caller-shard.js';
import { ProducerDiagnostics } from '../engine/producer/producer-diagnostics.js';
import { Producer } from '../engine/producer/producer.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveClientOptions,
  type RedisStreamsClientOptions,
  type ResolvedClientOptions,
} from '../options/index.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { ConnectionLog, tellAll } from './connection-log.js';
import { patternText } from '../protocol/pattern.js';
import { instrumentation } from './instrumentation.js';
import { settleMany } from './many.js';
import { OutgoingPackets, refuseAborted } from './outgoing.js';
import {
  statusOf,
  TransportEvents,
  type RedisStreamsEvents,
  type RedisStreamsStatus,
} from './redis-streams.events.js';
import { tellMissingRights } from './rights-line.js';
import { ReplySink, type ReplyCallback } from './reply-sink.js';
import { withMeta, type ReplyWithMeta } from './reply-with-meta.js';
import { startup } from './startup.js';
import { storedEvent, UnheardEvents } from './stored-event.js';
import { thrownStory } from '../thrown.js';

/** What Nest's own signatures default to, so that callers typed against this class need no change. */
type Whatever = ReturnType<typeof JSON.parse>;

const NOTHING_TO_CANCEL = (): void => undefined;

/**
 * Sends requests and events through Redis Streams. A request is answered by one instance of the service
 * and settles exactly once, no later than its deadline; an event is stored before `emit` completes.
 *
 * @example
 * ClientsModule.register([{ name: 'ORDERS', customClass: ClientRedisStreams, options: { url } }]);
 */
export class ClientRedisStreams extends ClientProxy<RedisStreamsEvents, string> {
  static {
    showOnly(this, ({ options, producer }) => ({
      redis: placeOf(options.redis),
      prefix: options.prefix,
      connected: producer?.reach.isUp ?? false,
      pending: producer?.pending ?? 0,
    }));
  }

  private readonly options: ResolvedClientOptions;
  private readonly clock: Clock;
  private readonly logger = new Logger(ClientRedisStreams.name);
  private readonly quiet: RateLimitedLogger;
  private readonly events: TransportEvents;
  private readonly outgoing: OutgoingPackets;
  private readonly unheard: UnheardEvents;
  private producer: Producer | undefined;
  private connecting: Promise<void> | undefined;

  /** @throws RedisStreamsError INVALID_OPTION */
  constructor(options?: RedisStreamsClientOptions) {
    super();
    this.options = resolveClientOptions(options);
    const clock = (this.clock = clockOf(this.options.redis));
    this.quiet = new RateLimitedLogger(this.logger, () => clock.now());
    this.unheard = new UnheardEvents(this.quiet);
    const { prefix, redis } = this.options;
    this.events = new TransportEvents(
      { role: 'client', prefix, group: undefined, redis: placeOf(redis) },
      (error) => this.logger.error(thrownStory(error), { code: 'LISTENER_FAILED' }),
    );
    this.outgoing = new OutgoingPackets(this.options, () => clock.now());
    enableDeadlineScopes();
  }

  override get status(): Observable<RedisStreamsStatus> {
    return super.status as Observable<RedisStreamsStatus>;
  }

  /**
   * Connects; resolves when requests can be sent, to some shards at least (`status` tells). Needed only to know that Redis is there: `send` and `emit`
   * connect by themselves. The connection for replies is made with the first `send`.
   * @throws RedisStreamsError NOT_CONNECTED after `retryAttempts` tries; without that option it waits
   */
  override connect(): Promise<void> {
    this.connecting ??= outside(() => this.open());
    return this.connecting;
  }

  /** Rejects what is open with CLOSED and closes the connections. Idempotent; `connect` may follow. */
  override async close(): Promise<void> {
    const { producer } = this;
    this.producer = undefined;
    this.connecting = undefined;
    if (producer === undefined) return;
    producer.reach.fail(
      new RedisStreamsError('CLOSED', 'the client was closed while it was connecting'),
    );
    await producer.close();
    this.quiet.flush();
    this._status$.next('disconnected');
  }

  /**
   * Connects; gives the connection for commands and the keys of the first shard, to libraries around this one.
   * @internal through the entry `./internal`
   */
  async shard(): Promise<Pick<CallerShard, 'commands' | 'keys'>> {
    await this.connect();
    const [first] = this.producer?.shards ?? [];
    if (first === undefined) throw new RedisStreamsError('CLOSED', 'the client was closed');
    return first;
  }

  override on<Name extends keyof RedisStreamsEvents>(
    event: Name,
    callback: RedisStreamsEvents[Name],
  ): void {
    this.events.on(event, callback);
  }

  /**
   * The ioredis connections of the moment: commands, subscriber; undefined where one is being replaced, or
   * is not needed yet. They belong to the transport.
   * @throws Error before `connect`
   */
  override unwrap<T>(): T {
    if (this.producer === undefined) {
      throw new Error('Not initialized. Call the "connect" method first.');
    }
    return this.producer.connections() as T;
  }

  /** Cold: each subscription is a call of its own. Unsubscribing cancels it, and aborts its handler. */
  override send<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): Observable<TResult> {
    if (pattern == null || data == null) return super.send(pattern, data);
    return new Observable<TResult>((observer) =>
      this.publish(this.createPacket(pattern, data), this.createObserver(observer)),
    );
  }

  /** Hot: sent once, with or without a subscriber; completes when the event is stored. */
  override emit<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): Observable<TResult> {
    // Nest's own would wait for the connection first, beyond the deadline of the event.
    return storedEvent(this.store<TResult>(pattern, data), (error) =>
      this.unheard.warn(pattern, error),
    );
  }

  /** As `send`, but each value comes with the headers of the reply and the instance that sent it. */
  sendWithMeta<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): Observable<ReplyWithMeta<TResult>> {
    if (pattern == null || data == null) return super.send(pattern, data);
    return new Observable<ReplyWithMeta<TResult>>((observer) => {
      const callback = withMeta<TResult>(observer, (values) => this.createObserver(values));
      return this.dispatch(this.createPacket(pattern, data), callback);
    });
  }

  /**
   * One call for each item, sent together. Resolves when all have ended: results in the order of the items, each with
   * its last value (undefined: it had none), or with the error of that call alone. Beyond `maxPending` calls fail with
   * OVERLOADED. An item may be a `RedisStreamsRecord`.
   * @throws RedisStreamsError INVALID_MESSAGE if `items` is no list
   */
  sendMany<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    items: Iterable<TInput>,
  ): Promise<PromiseSettledResult<TResult | undefined>[]> {
    return settleMany(items, (data) => this.send<TResult>(pattern, data));
  }

  /** One event for each item, as `sendMany`; each ends when it is stored, or was not. */
  emitMany<TInput = Whatever>(
    pattern: unknown,
    items: Iterable<TInput>,
  ): Promise<PromiseSettledResult<void>[]> {
    return settleMany(items, (data) => this.emit<void>(pattern, data));
  }

  /** As on the server: both sides must find the same stream. */
  protected override normalizePattern(pattern: MsPattern): string {
    return patternText(pattern);
  }

  protected override publish(
    packet: ReadPacket,
    callback: (packet: WritePacket) => void,
  ): () => void {
    return this.dispatch(packet, callback);
  }

  protected override dispatchEvent<T = unknown>(packet: ReadPacket): Promise<T> {
    const { current } = instrumentation;
    const stored =
      current === undefined
        ? this.storeEvent(packet)
        : current.event(this.events.source, packet, () => this.storeEvent(packet));
    return stored as Promise<T>;
  }

  private async storeEvent(packet: ReadPacket): Promise<void> {
    const pattern = this.normalizePattern(packet.pattern);
    const outgoing = this.outgoing.prepare(pattern, packet, true);
    refuseAborted(outgoing.signal, 'an event', pattern);
    await this.ready().publish(outgoing.request, outgoing);
  }

  /** What a dispatch hook throws reaches the subscribers, as every other error does. */
  private store<T>(pattern: unknown, data: unknown): Promise<T> {
    try {
      if (pattern == null || data == null) return lastValueFrom(super.emit<T>(pattern, data));
      return this.dispatchEvent<T>(this.createPacket(pattern, data));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Returns what cancels the call. Errors reach the callback like every other end. */
  private dispatch(packet: ReadPacket, callback: ReplyCallback): () => void {
    const { current } = instrumentation;
    if (current === undefined) return this.begin(packet, callback);
    return current.call(this.events.source, packet, callback, (told) => this.begin(packet, told));
  }

  private begin(packet: ReadPacket, callback: ReplyCallback): () => void {
    try {
      const pattern = this.normalizePattern(packet.pattern);
      const outgoing = this.outgoing.prepare(pattern, packet, false);
      refuseAborted(outgoing.signal, 'a call', pattern);
      const producer = this.ready();
      const sink = new ReplySink(pattern, callback, this.options.deserializer);
      const call = producer.call(outgoing.request, sink, outgoing);
      sink.call = call;
      return () => producer.cancel(call, false);
    } catch (error) {
      callback({ err: error, isDisposed: true });
      return NOTHING_TO_CANCEL;
    }
  }

  /** The producer; the first call makes and starts it, and waits in its queue. */
  private ready(): Producer {
    if (this.producer === undefined) void this.connect().catch(() => undefined);
    return this.producer as unknown as Producer;
  }

  private open(): Promise<void> {
    const isHopeless = (): boolean => producer.reach.isHopeless;
    const start = startup(this.options.retryAttempts, isHopeless);
    const log = new ConnectionLog(this.options.redis, this.quiet, () => this.clock.now());
    const { diagnostics, observer, source } = this.events;
    const producer: Producer = new Producer(this.options, this.clock, this.quiet, {
      status: (reach) => {
        if (producer === this.producer) this._status$.next(statusOf(reach));
      },
      diagnostics: new ProducerDiagnostics(diagnostics, source, this.clock),
      ...tellAll(log, start, observer),
    });
    this.producer = producer;
    producer.start();
    void producer.reach.begun.then(
      () => tellMissingRights('client', producer.reached, this.quiet),
      () => undefined,
    );
    return start.until(producer.reach.begun).catch(async (error: unknown) => {
      if (this.producer === producer) {
        this.producer = undefined;
        this.connecting = undefined;
      }
      await producer.close(error instanceof RedisStreamsError ? error : undefined);
      throw error;
    });
  }
}
