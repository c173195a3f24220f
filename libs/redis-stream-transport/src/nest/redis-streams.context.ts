import { inspect, type InspectOptions } from 'node:util';
import { BaseRpcContext } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import { RedisStreamsError } from '../errors.js';
import type { Keys } from '../protocol/keys.js';
import { PRIORITIES, type Priority } from '../protocol/priority.js';
import type { ProvenCaller } from '../options/sealing.js';
import { readNack, type NackOptions } from './nack.js';
import { bothHeaders, headersText } from './outgoing-data.js';
import { RetryLater } from './retry-later.js';
import { callerOf } from './sealed-entry.js';
import { THREADS, type ThreadShare } from './thread-room.js';
import { thrownText } from '../thrown.js';

/** What a context asks its server for, when a handler asks for it. */
export interface ContextSource {
  /** Milliseconds of Redis' clock. */
  redisNow(): number;
  /** The keys of the shard that a stream is in. */
  keysOf(stream: string): Pick<Keys, 'stream' | 'log'>;
  /** The threads that handlers of a pattern have; undefined: none. */
  threads?(pattern: string): ThreadShare | undefined;
}

/** The arguments that Nest's contexts have: what the message was sent with. */
type Args = [pattern: string, metadata: Readonly<Record<string, string>>];

/**
 * What a handler may know and do besides its data; inject it with `@Ctx()`. Logs and `JSON.stringify` show the
 * facts of the entry, neither its data nor its headers.
 */
export class RedisStreamsContext extends BaseRpcContext<Args> {
  readonly #delivery: Delivery;
  readonly #source: ContextSource;

  /**
   * @param metadata as the entry and its packet have it; undefined for none
   * @internal
   */
  constructor(
    delivery: Delivery,
    source: ContextSource,
    metadata: Readonly<Record<string, string>> | undefined,
  ) {
    super([delivery.pattern.spec.pattern, metadata ?? NOTHING]);
    this.#delivery = delivery;
    this.#source = source;
  }

  /** @internal for the entry `./threads` */
  get [THREADS](): ThreadShare | undefined {
    return this.#source.threads?.(this.args[0]);
  }

  /** The pattern, in Nest's normal form. */
  getPattern(): string {
    return this.args[0];
  }

  /** Key of the stream in Redis, of the pattern's own or of its lane; `getMessageId` is an id in it. */
  getStream(): string {
    const { name } = this.#delivery.stream;
    return this.#source.keysOf(name).stream(name);
  }

  /** In which class of importance the message came. What was sent as another one, while not all services read it, is 'normal'. */
  getPriority(): Priority {
    return PRIORITIES[this.#delivery.stream.rank] ?? 'normal';
  }

  /** Id of the entry in its stream; of a call or an event in a pack, `#` and its place from 0 follow. */
  getMessageId(): string {
    return this.#delivery.name;
  }

  /** Id of the call, `<caller>/<call>`, unique among all callers; undefined for events. */
  getCallId(): string | undefined {
    return this.#delivery.callId;
  }

  /**
   * Where the caller hears replies, for logs and tools: the key of its reply log in Redis, which is the name of its
   * channel too. Replies are written by the transport alone: what else is written there is ignored or breaks calls.
   * Undefined for events.
   */
  getReplyAddress(): string | undefined {
    const { stream, entry } = this.#delivery;
    const { caller } = entry.header;
    return caller === undefined ? undefined : this.#source.keysOf(stream.name).log(caller);
  }

  /** Who sent the message, as its seal proves; undefined where messages are not sealed. */
  getCaller(): ProvenCaller | undefined {
    return callerOf(this.#delivery);
  }

  /** Name of this instance in its consumer group; new with every start. */
  getConsumer(): string {
    return this.#delivery.consumer;
  }

  /** How often the entry was handed to an instance, this time included; over 1 after an owner's death. */
  getDeliveryCount(): number {
    return this.#delivery.history.deliveries;
  }

  /** Attempts of this entry that failed before, by `RetryLater` or by errors of event handlers. */
  getFailedAttempts(): number {
    return this.#delivery.history.attempts;
  }

  /** Headers of the client, of the record and of the dispatch hook, and metadata that a serializer added. */
  getMetadata(): Readonly<Record<string, string>> {
    return this.args[1];
  }

  /** Idempotency key of the call. */
  getIdempotencyKey(): string | undefined {
    return this.#delivery.entry.key;
  }

  /**
   * Fires when the deadline passes, when the caller cancels, or when another instance takes the entry
   * over. Work that can stop should.
   */
  get signal(): AbortSignal {
    return this.#delivery.signal;
  }

  /** Milliseconds since 1970 on Redis' clock at which the caller stops waiting; undefined: never. */
  get deadline(): number | undefined {
    const { deadline, isRequest } = this.#delivery;
    return !isRequest || deadline === Number.POSITIVE_INFINITY ? undefined : deadline;
  }

  /** Milliseconds until the deadline, 0 when it has passed; Infinity without one. */
  remainingTime(): number {
    const { deadline } = this;
    return deadline === undefined
      ? Number.POSITIVE_INFINITY
      : this.#delivery.remaining(this.#source.redisNow());
  }

  /**
   * Headers for every reply that follows; `sendWithMeta` shows them. `{}`: none any more.
   *
   * @throws RedisStreamsError INVALID_MESSAGE: a value is no text, a name is empty or `__proto__`, or all together take
   * more than 16,384 characters as JSON
   */
  setReplyHeaders(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value !== 'string') throw unfit(`reply header ${name} is not a string`);
      // With this name, a receiver that copies headers would set a prototype.
      if (name === '' || name === '__proto__') throw unfit(`a reply header is called "${name}"`);
    }
    const text = headersText(headers, this.getPattern());
    const traced = this.#delivery.watch?.replyHeaders;
    this.#delivery.replyHeaders = traced === undefined ? text : bothHeaders(traced, headers, text);
  }

  /**
   * Acknowledges an event now, whatever its handlers do afterwards.
   * @throws RedisStreamsError INVALID_MESSAGE for a request: its reply acknowledges it
   */
  ack(): void {
    this.event('ack').acknowledge();
  }

  /**
   * Has an event handled again, after `delayMs` milliseconds or as the retry policy says; all of its
   * handlers run again. When the policy allows no further attempt it becomes a dead letter.
   * @throws RedisStreamsError INVALID_MESSAGE for a request: throw `RetryLater` instead
   * @throws RedisStreamsError INVALID_OPTION for a delay that is not 0 to 7 days
   */
  retry(delayMs?: number): void {
    this.event('retry').retry({
      delay: new RetryLater(delayMs).delayMs,
      state: '',
      detail: 'retried by its handler',
      error: undefined,
    });
  }

  /**
   * Moves an event to the dead letters.
   * @throws RedisStreamsError INVALID_MESSAGE for a request: throw `DeadLetter` instead
   */
  deadLetter(reason = 'dead-lettered by its handler'): void {
    this.event('deadLetter').deadLetter('handler', thrownText(reason));
  }

  /**
   * Does not acknowledge an event: has it handled again, as `retry`, or with `requeue: false` moves it to the dead
   * letters, as `deadLetter`. Attempts count: when the policy allows no further one it becomes a dead letter.
   * @throws RedisStreamsError INVALID_MESSAGE for a request: throw `RetryLater` or `DeadLetter` instead
   * @throws RedisStreamsError INVALID_OPTION for options that are unknown, out of bounds, or contradict each other
   */
  nack(options: NackOptions = {}): void {
    this.event('nack');
    const { requeue, delay, reason } = readNack(options);
    if (requeue) this.retry(delay);
    else this.deadLetter(reason);
  }

  /** The facts of the entry, for logs: no data and no headers, which may be secret. */
  toJSON(): RedisStreamsContextFacts {
    const { deadline } = this;
    const callId = this.getCallId();
    return {
      pattern: this.getPattern(),
      stream: this.getStream(),
      messageId: this.getMessageId(),
      ...(callId === undefined ? {} : { callId }),
      consumer: this.getConsumer(),
      deliveryCount: this.getDeliveryCount(),
      failedAttempts: this.getFailedAttempts(),
      ...(deadline === undefined ? {} : { deadline }),
      aborted: this.#delivery.isAborted,
    };
  }

  /** What `console.log` and `util.inspect` show. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    if (depth < 0) return `[${this.constructor.name}]`;
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }

  private event(what: string): Delivery {
    if (this.#delivery.isRequest) {
      throw new RedisStreamsError(
        'INVALID_MESSAGE',
        `${what}() is for events; a request ends with its reply, RetryLater or DeadLetter`,
      );
    }
    return this.#delivery;
  }
}

/** What logs show of a context. */
export interface RedisStreamsContextFacts {
  readonly pattern: string;
  readonly stream: string;
  readonly messageId: string;
  /** Of requests. */
  readonly callId?: string;
  readonly consumer: string;
  readonly deliveryCount: number;
  readonly failedAttempts: number;
  /** Milliseconds since 1970 on Redis' clock; only with a deadline. */
  readonly deadline?: number;
  /** Its signal has fired. */
  readonly aborted: boolean;
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

function unfit(message: string): RedisStreamsError {
  return new RedisStreamsError('INVALID_MESSAGE', message);
}
