import { AsyncResource } from 'node:async_hooks';
import type { ReadPacket } from '@nestjs/microservices';
import { todayOf, type Clock } from '../engine/clock.js';
import { currentScope, inheritedExpiry } from '../engine/deadline-scope.js';
import type { CallRequest } from '../engine/producer/call-request.js';
import type { Addressed, WrittenData } from '../engine/producer/sending/entry-request.js';
import type { EventTerms } from '../engine/producer/sending/event-book.js';
import { RedisStreamsError } from '../errors.js';
import {
  DEFAULT_WINDOW,
  resolveRecordOptions,
  type Headers,
  type PacketSerializer,
  type ResolvedClientOptions,
  type ResolvedRecordOptions,
  type StoredEntry,
  type ResolvedWindow,
} from '../options/index.js';
import { sealerOf, type Sealer } from '../options/sealing.js';
import { wireCodec } from '../protocol/header.js';
import { MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import { SEALED_CODEC } from '../protocol/sealed-text.js';
import { Classes } from './classes.js';
import { LateData } from './late-data.js';
import { refuseForCall, refuseForEvent } from './misplaced.js';
import { headersText, OutgoingData, sealingError, unserializable } from './outgoing-data.js';
import { packPacket, type Packed } from './packets.js';
import { passedHeaders } from './passed-headers.js';
import { RedisStreamsRecord } from './redis-streams.record.js';
import { checkWaitingCall, scheduleOf } from './schedule.js';
import { StreamRecord } from './stream-record.js';

/** A packet on its way out, checked and written as text. */
export interface Outgoing extends EventTerms {
  /** Without its data while a serializer works. */
  readonly request: CallRequest;
}

/** Sealed data are text. */
const WIRE = wireCodec('text', SEALED_CODEC);

/** Stands for data that a serializer still writes. */
const UNWRITTEN: WrittenData = { codec: 'json', data: '' };

/** How long a call may take, in milliseconds. */
interface Span {
  readonly timeout: number;
  readonly idle: number;
}

/** Turns what an application sends into what the engine carries. */
export class OutgoingPackets {
  /** JSON of the static headers, which most packets carry unchanged. */
  private readonly staticHeaders: string | undefined;
  private readonly data: OutgoingData;
  private readonly sealer: Sealer | undefined;
  private readonly classes: Classes;

  constructor(
    private readonly options: ResolvedClientOptions,
    private readonly clock: Clock,
    /** Is told what functions of the application throw. */
    private readonly complain: (error: unknown) => void,
  ) {
    this.staticHeaders =
      Object.keys(options.headers).length > 0 ? JSON.stringify(options.headers) : undefined;
    this.data = new OutgoingData(options.maxPayloadBytes);
    this.sealer = sealerOf(options.serializer);
    this.classes = new Classes(options);
  }

  /**
   * @param isEvent its timeout is that of being stored: its handlers may take any time
   * @throws RedisStreamsError INVALID_MESSAGE, INVALID_OPTION, PAYLOAD_TOO_LARGE; if a serializer takes its
   * time, the promise of the data rejects with them
   */
  prepare(pattern: string, packet: ReadPacket, isEvent: boolean): Outgoing {
    if (pattern.length > MAX_PATTERN_LENGTH) {
      const message = `a pattern has at most ${MAX_PATTERN_LENGTH} characters`;
      throw new RedisStreamsError('INVALID_MESSAGE', message, { pattern: pattern.slice(0, 64) });
    }
    const record = packet.data instanceof RedisStreamsRecord ? packet.data : undefined;
    const data: unknown = record === undefined ? packet.data : record.data;
    const options = resolveRecordOptions(record?.options);
    if (isEvent) refuseForEvent(options, pattern);
    else refuseForCall(options, pattern);
    const headers = this.headers(options.headers, packet.metadata, pattern);
    const { sealer } = this;
    if (sealer !== undefined && options.keepResult) throw unopenable(pattern);
    const written = sealer === undefined ? this.write(pattern, packet, data, headers) : UNWRITTEN;
    const isLate = written instanceof Promise;
    const { codec, data: text } = isLate ? UNWRITTEN : written;
    const schedule = scheduleOf(options, this.options, pattern, todayOf(this.clock));
    const wait = schedule?.wait ?? 0;
    const { timeout, idle } = isEvent ? this.storing(options) : this.span(options, wait);
    const lane = this.options.lanes.get(pattern);
    // By then another group may read the pattern's own stream only.
    const isLater = schedule?.wait !== undefined || schedule?.notBefore !== undefined;
    const ofClass = this.classes.of(pattern, options.priority, isEvent, isLater);
    // One literal, because this is made for every call.
    const request: CallRequest = {
      pattern,
      stream: lane ?? pattern,
      namePattern: lane !== undefined || ofClass !== undefined,
      codec,
      data: text,
      headers: sealer?.hidesHeaders === true ? undefined : headers,
      key: options.idempotencyKey,
      timeout,
      expiresIn: options.expiresIn ?? 0,
      idle,
      window: isEvent ? undefined : this.window(options, record),
      once: options.atMostOnce ?? false,
      grace: options.whenNoConsumer ?? this.options.whenNoConsumer,
      kept: options.keepResult,
      // The handlers of an event are not waited for.
      scope: isEvent ? undefined : currentScope(),
      onStored: options.onStored && safe(options.onStored, this.complain),
      schedule,
      ofClass,
      seal: undefined,
    };
    if (schedule !== undefined && !isEvent) {
      const expiry = inheritedExpiry();
      checkWaitingCall(request, expiry && expiry - this.clock.now());
    }
    if (sealer !== undefined) {
      const seal = this.sealing(sealer, { pattern: packet.pattern, data }, request, headers);
      return { request: { ...request, seal }, signal: options.signal };
    }
    return { request, signal: options.signal, written: isLate ? written : undefined };
  }

  /** Data as text, checked. */
  private write(
    pattern: string,
    packet: ReadPacket,
    data: unknown,
    headers: string | undefined,
  ): WrittenData | Promise<WrittenData> {
    if (data instanceof LateData) {
      return heard(data.made.then((made) => this.write(pattern, packet, made, headers)));
    }
    const { serializer } = this.options;
    if (serializer === undefined) return { codec: 'json', data: this.data.json(data, pattern) };
    const metadata = headers === undefined ? {} : { metadata: JSON.parse(headers) as object };
    const packed = pack(serializer, { pattern: packet.pattern, data, ...metadata }, pattern);
    if (!(packed instanceof Promise)) return this.packed(packed, pattern);
    return heard(packed.then((late) => this.packed(late, pattern)));
  }

  /** Seals the data for one entry after another. */
  private sealing(
    sealer: Sealer,
    packet: ReadPacket,
    request: CallRequest,
    headers: string | undefined,
  ): (entry: Addressed) => Promise<WrittenData> {
    const { pattern, idle, once, key } = request;
    const all = headers === undefined ? undefined : (JSON.parse(headers) as Headers);
    const facts = { pattern, idle, once, key, message: false, group: undefined };
    const beside = sealer.hidesHeaders ? undefined : all;
    const metadata = all === undefined ? {} : { metadata: all };
    return async (entry) => {
      try {
        const data: unknown =
          packet.data instanceof LateData ? await packet.data.made : packet.data;
        const to = { ...facts, ...entry, headers: beside, now: todayOf(this.clock) };
        const text = await sealer.entry({ pattern: packet.pattern, data, ...metadata }, to);
        return this.packed({ codec: WIRE, text, output: text }, pattern);
      } catch (error) {
        throw sealingError(error, pattern);
      }
    };
  }

  private packed({ codec, text, output }: Packed, pattern: string): WrittenData {
    this.data.check(codec, text, output, pattern);
    return { codec, data: text };
  }

  private storing(options: ResolvedRecordOptions): Span {
    return { timeout: options.timeout ?? this.options.timeout, idle: 0 };
  }

  /** How much of a streamed reply may be on its way. What is started once only does not wait for a reader. */
  private window(
    { window, atMostOnce }: ResolvedRecordOptions,
    record: RedisStreamsRecord | undefined,
  ): ResolvedWindow | undefined {
    const given =
      window ?? this.options.window ?? (record instanceof StreamRecord && DEFAULT_WINDOW);
    return given === false || (atMostOnce ?? false) ? undefined : given;
  }

  /** The time a call has from when it is due, shortened to what the handler that makes it has left then. */
  private span(options: ResolvedRecordOptions, wait: number): Span {
    const own = options.timeout !== undefined || options.idleTimeout !== undefined;
    const idle = (own ? options.idleTimeout : this.options.idleTimeout) ?? 0;
    const timeout = idle > 0 ? 0 : (options.timeout ?? this.options.timeout);
    const expiry = inheritedExpiry();
    if (expiry === undefined) return { timeout, idle };
    const left = Math.max(1, Math.ceil(expiry - this.clock.now() - wait));
    return idle > 0
      ? { timeout, idle: Math.min(idle, left) }
      : { timeout: Math.min(timeout, left), idle };
  }

  /** Static headers, then those passed on, then the record's, then the dispatch hook's; a later one of the same name replaces. */
  private headers(
    own: Readonly<Record<string, string>> | undefined,
    metadata: Readonly<Record<string, string>> | undefined,
    pattern: string,
  ): string | undefined {
    const { passHeaders } = this.options;
    const passed = passHeaders === undefined ? undefined : passedHeaders(passHeaders);
    const isUsual = own === undefined && passed === undefined;
    if (isUsual && metadata === undefined) return this.staticHeaders;
    // Where a trace has added the only headers, they need not be copied.
    const isAlone = isUsual && this.staticHeaders === undefined;
    if (isAlone && metadata !== undefined && isPlain(metadata))
      return headersText(metadata, pattern);
    return headersText({ ...this.options.headers, ...passed, ...own, ...metadata }, pattern);
  }
}

function pack(
  serializer: PacketSerializer,
  packet: Readonly<Record<string, unknown>>,
  pattern: string,
): Packed | Promise<Packed> {
  try {
    const packed = packPacket(serializer, packet);
    if (!(packed instanceof Promise)) return packed;
    return packed.catch((error: unknown) => {
      throw unserializable(error, pattern);
    });
  } catch (error) {
    throw unserializable(error, pattern);
  }
}

/** Whether JSON takes it for what its own properties are. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** Marks a promise as handled: the call may be refused before anything waits for its data. */
function heard<T>(late: Promise<T>): Promise<T> {
  late.catch(() => undefined);
  return late;
}

/** A sealed reply is bound to its call, and opened with what only the caller has of that. */
function unopenable(pattern: string): RedisStreamsError {
  const message = `RedisStreamsRecord: "keepResult": a sealed result of ${pattern} can be opened by its caller only`;
  return new RedisStreamsError('INVALID_OPTION', message, { pattern });
}

/** The function in the asynchronous context of this moment; what it throws, or rejects with, is told to `complain`. */
function safe(
  told: (stored: StoredEntry) => unknown,
  complain: (error: unknown) => void,
): (stored: StoredEntry) => void {
  const bound = AsyncResource.bind(told);
  return (stored) => {
    try {
      const end = bound(stored);
      if (end instanceof Promise) end.catch(complain);
    } catch (error) {
      complain(error);
    }
  };
}

/** @throws RedisStreamsError CANCELLED if the signal has fired. @param what in words */
export function refuseAborted(
  signal: AbortSignal | undefined,
  what: string,
  pattern: string,
): void {
  if (signal?.aborted !== true) return;
  const message = `the signal of ${what} of ${pattern} was aborted before`;
  throw new RedisStreamsError('CANCELLED', message, { pattern });
}
