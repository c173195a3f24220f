import { Logger } from '@nestjs/common';
import {
  ClientProxy,
  type MsPattern,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import { lastValueFrom, Observable } from 'rxjs';
import { clockOf } from '../engine/clock.js';
import { enableDeadlineScopes } from '../engine/deadline-scope.js';
import { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import type { CallerShard } from '../engine/producer/caller-shard.js';
import type { Producer } from '../engine/producer/producer.js';
import {
  resolveClientOptions,
  type RedisStreamsClientOptions,
  type ResolvedClientOptions,
} from '../options/index.js';
import { placeOf, showOnly } from '../redis/shown.js';
import { patternText } from '../protocol/pattern.js';
import { CallResults, type CallResult } from './call-results.js';
import { ClientLife } from './client-life.js';
import { HookedCalls } from './hooked-calls.js';
import { instrumentation } from './instrumentation.js';
import { settleMany } from './many.js';
import { OutgoingPackets, refuseAborted } from './outgoing.js';
import { enablePassing } from './passed-headers.js';
import {
  statusOf,
  TransportEvents,
  type RedisStreamsEvents,
  type RedisStreamsStatus,
} from './redis-streams.events.js';
import { MadeCalls } from './made-calls.js';
import type { ReplyCallback } from './reply-sink.js';
import { withMeta, type ReplyWithMeta } from './reply-with-meta.js';
import { cancelScheduled } from './schedule.js';
import { streamOf } from './stream-record.js';
import type { StreamedReply } from './streamed-reply.js';
import { storedEvent, UnheardEvents } from './stored-event.js';
import { thrownStory } from '../thrown.js';

/** What Nest's own signatures default to, so that callers typed against this class need no change. */
type Whatever = ReturnType<typeof JSON.parse>;

/** NestJS 11 has neither the method nor the dispatch hook that it calls. */
const HAS_PACKETS = 'createPacket' in ClientProxy.prototype;

/** What libraries around a client may use of a shard. */
type ShardInReach = Pick<CallerShard, 'commands' | 'keys'>;

/**
 * Sends requests and events through Redis Streams. A request is answered by one instance of the service
 * and settles exactly once, no later than its deadline; an event is stored before `emit` completes. With `hooks`, a
 * call may settle later: its deadline begins after `before`, and each hook may take as long as `timeout`.
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
  private readonly events: TransportEvents;
  private readonly outgoing: OutgoingPackets;
  private readonly unheard: UnheardEvents;
  private readonly life: ClientLife;
  private readonly calls: MadeCalls;
  /** Undefined: there are no hooks. */
  private readonly hooked: HookedCalls | undefined;

  /** @throws RedisStreamsError INVALID_OPTION */
  constructor(options?: RedisStreamsClientOptions) {
    super();
    const resolved = (this.options = resolveClientOptions(options));
    const { prefix, redis } = resolved;
    const clock = clockOf(redis);
    const logger = new Logger(ClientRedisStreams.name);
    const quiet = new RateLimitedLogger(logger, () => clock.now());
    this.unheard = new UnheardEvents(quiet);
    const complain = (error: unknown): void =>
      logger.error(thrownStory(error), { code: 'LISTENER_FAILED' });
    const place = { role: 'client', prefix, group: undefined, redis: placeOf(redis) } as const;
    this.events = new TransportEvents(place, complain);
    this.life = new ClientLife({
      ...{ options: resolved, clock, quiet, events: this.events },
      reached: (reach) => this._status$.next(statusOf(reach)),
    });
    this.outgoing = new OutgoingPackets(resolved, clock, complain);
    const { outgoing, life } = this;
    const name = (pattern: MsPattern): string => this.normalizePattern(pattern);
    this.calls = new MadeCalls({ outgoing, life, name, deserializer: resolved.deserializer });
    const { hooks, timeout: within, maxPending } = resolved;
    if (hooks !== undefined)
      this.hooked = new HookedCalls({ hooks, within, maxPending, clock, logger: quiet });
    enableDeadlineScopes();
    if (resolved.passHeaders !== undefined) enablePassing();
  }

  private get producer(): Producer | undefined {
    return this.life.producer;
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
    return this.life.connect();
  }

  /** Rejects what is open with CLOSED and closes the connections. Idempotent; `connect` may follow. */
  override async close(): Promise<void> {
    this.hooked?.close();
    if (await this.life.close()) this._status$.next('disconnected');
  }

  /** Connects; gives what libraries around this one need of the first shard. @internal through the entry `./internal` */
  async shard(): Promise<ShardInReach> {
    return (await this.shards())[0] as ShardInReach;
  }

  /** The same of all shards. @internal */
  async shards(): Promise<readonly ShardInReach[]> {
    return (await this.life.connected()).shards;
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
    if (this.producer === undefined)
      throw new Error('Not initialized. Call the "connect" method first.');
    return this.producer.connections() as T;
  }

  /** Cold: each subscription is a call of its own. Unsubscribing cancels it, and aborts its handler. */
  override send<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): Observable<TResult> {
    if (pattern == null || data == null) return super.send(pattern, data);
    return new Observable<TResult>((observer) =>
      this.publish(this.packet(pattern, data), this.createObserver(observer)),
    );
  }

  /** A call that is read by `for await`, or as an Observable; a slow reader slows the handler down (`window`). */
  stream<TResult = Whatever, TInput = Whatever>(
    pattern: unknown,
    data: TInput,
  ): StreamedReply<TResult> {
    return streamOf(data, (sent) => this.send<TResult>(pattern, sent));
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
      return this.dispatch(this.packet(pattern, data), callback);
    });
  }

  /**
   * One call for each item, sent together. Resolves when all have ended: results in the order of the items, each with
   * its last value (undefined: it had none), or with the error of that call alone. Beyond `maxPending` calls fail with
   * OVERLOADED. An item may be a `RedisStreamsRecord`.
   * @throws RedisStreamsError INVALID_MESSAGE if `items` is no list, or has more than a million items
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

  /**
   * What became of a call, also of another client: while its entry, or its reply in the log of its caller, is there; for 24
   * hours with `keepResult` or an idempotency key. Needs a right of its own (docs/security.md). Not for sealed calls.
   * @param id `<caller>/<call>`, as `onStored`, errors, logs and `getCallId()` have it; or its idempotency key
   * @throws RedisStreamsError INVALID_OPTION, INVALID_MESSAGE, NOT_CONNECTED, REDIS
   */
  async resultOf<T = Whatever>(pattern: unknown, id: string): Promise<CallResult<T>> {
    const name = this.normalizePattern(pattern as MsPattern);
    const results = new CallResults(this.options, (await this.life.connected()).shards);
    return (await results.read(name, id)) as CallResult<T>;
  }

  /**
   * Takes back what is due later, by its `messageId` or as `onStored` names it. True: it still waited, and does not run.
   * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
   */
  async cancelScheduled(pattern: unknown, id: string): Promise<boolean> {
    const name = this.normalizePattern(pattern as MsPattern);
    return cancelScheduled(this.options, (await this.life.connected()).shards, name, id);
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
    if (current === undefined) return this.hookEvent(packet) as Promise<T>;
    return current.event(this.events.source, packet, this.hookEvent) as Promise<T>;
  }

  private readonly hookEvent = (packet: ReadPacket): Promise<void> => {
    const { hooked } = this;
    if (hooked === undefined) return this.storeEvent(packet);
    return hooked.event(packet, () => this.storeEvent(packet));
  };

  private async storeEvent(packet: ReadPacket): Promise<void> {
    const pattern = this.normalizePattern(packet.pattern);
    const outgoing = this.outgoing.prepare(pattern, packet, true);
    refuseAborted(outgoing.signal, 'an event', pattern);
    await this.life.ready().publish(outgoing.request, outgoing);
  }

  private packet(pattern: unknown, data: unknown): ReadPacket {
    return HAS_PACKETS ? this.createPacket(pattern, data) : { pattern, data };
  }

  /** What a dispatch hook throws reaches the subscribers, as every other error does. */
  private store<T>(pattern: unknown, data: unknown): Promise<T> {
    try {
      if (pattern == null || data == null) return lastValueFrom(super.emit<T>(pattern, data));
      return this.dispatchEvent<T>(this.packet(pattern, data));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Returns what cancels the call. Errors reach the callback like every other end. */
  private dispatch(packet: ReadPacket, callback: ReplyCallback): () => void {
    const { current } = instrumentation;
    if (current === undefined) return this.hookCall(packet, callback);
    return current.call(this.events.source, packet, callback, this.hookCall);
  }

  /** Bound once, not for each call that is traced. */
  private readonly hookCall = (packet: ReadPacket, callback: ReplyCallback): (() => void) => {
    const { hooked } = this;
    if (hooked === undefined) return this.calls.begin(packet, callback);
    return hooked.call(packet, callback, (told) => this.calls.begin(packet, told));
  };
}
