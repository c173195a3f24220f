import type { ReadPacket } from '@nestjs/microservices';
import { currentScope, inheritedExpiry } from '../engine/deadline-scope.js';
import type { CallRequest } from '../engine/producer/call.js';
import type { WrittenData } from '../engine/producer/sending/entry-request.js';
import type { EventTerms } from '../engine/producer/sending/event-book.js';
import { RedisStreamsError } from '../errors.js';
import {
  resolveRecordOptions,
  type PacketSerializer,
  type ResolvedClientOptions,
  type ResolvedRecordOptions,
} from '../options/index.js';
import type { WireCodec } from '../protocol/header.js';
import { hostile } from '../protocol/json.js';
import { MAX_HEADERS_LENGTH, MAX_PATTERN_LENGTH } from '../protocol/limits.js';
import { LateData } from './late-data.js';
import { packPacket, type Packed } from './packets.js';
import { RedisStreamsRecord } from './redis-streams.record.js';
import { thrownText } from '../thrown.js';

/** A packet on its way out, checked and written as text. */
export interface Outgoing extends EventTerms {
  /** Without its data while a serializer works. */
  readonly request: CallRequest;
}

/** Stands for data that a serializer still writes. */
const UNWRITTEN: WrittenData = { codec: 'json', data: '' };

/** How long a call may take, what the handler that makes it has left included. Milliseconds. */
interface Span {
  readonly timeout: number;
  readonly idle: number;
}

/** Turns what an application sends into what the engine carries. */
export class OutgoingPackets {
  /** JSON of the static headers, which most packets carry unchanged. */
  private readonly staticHeaders: string | undefined;

  constructor(
    private readonly options: ResolvedClientOptions,
    private readonly now: () => number,
  ) {
    this.staticHeaders =
      Object.keys(options.headers).length > 0 ? JSON.stringify(options.headers) : undefined;
  }

  /**
   * @param isEvent its time is that of being stored, and no handler's
   * @throws RedisStreamsError INVALID_MESSAGE, INVALID_OPTION, PAYLOAD_TOO_LARGE; of a serializer that takes
   * its time, the promise of its data rejects with them
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
    const headers = this.headers(options.headers, packet.metadata, pattern);
    const written = this.write(pattern, packet, data, headers);
    const isLate = written instanceof Promise;
    const { codec, data: text } = isLate ? UNWRITTEN : written;
    const request = this.request(pattern, codec, text, headers, options, isEvent);
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
    if (serializer === undefined) {
      const text = jsonOf(data, pattern);
      this.check('json', text, data, pattern);
      return { codec: 'json', data: text };
    }
    const packed = this.pack(serializer, pattern, packet, data, headers);
    if (!(packed instanceof Promise)) return this.packed(packed, pattern);
    return heard(packed.then((late) => this.packed(late, pattern)));
  }

  private packed({ codec, text, output }: Packed, pattern: string): WrittenData {
    this.check(codec, text, output, pattern);
    return { codec, data: text };
  }

  /** One literal, because this is made for every call. */
  private request(
    pattern: string,
    codec: WireCodec,
    data: string,
    headers: string | undefined,
    options: ResolvedRecordOptions,
    isEvent: boolean,
  ): CallRequest {
    const lane = this.options.lanes.get(pattern);
    const { timeout, idle } = isEvent ? this.storing(options) : this.span(options);
    return {
      pattern,
      stream: lane ?? pattern,
      namePattern: lane !== undefined,
      codec,
      data,
      headers,
      key: options.idempotencyKey,
      timeout,
      idle,
      once: options.atMostOnce ?? false,
      grace: options.whenNoConsumer ?? this.options.whenNoConsumer,
      // Nobody waits for an event's handlers.
      scope: isEvent ? undefined : currentScope(),
    };
  }

  private storing(options: ResolvedRecordOptions): Span {
    return { timeout: options.timeout ?? this.options.timeout, idle: 0 };
  }

  /** The time a call has; what the handler that makes it has left shortens it. */
  private span(options: ResolvedRecordOptions): Span {
    const own = options.timeout !== undefined || options.idleTimeout !== undefined;
    const idle = (own ? options.idleTimeout : this.options.idleTimeout) ?? 0;
    const timeout = idle > 0 ? 0 : (options.timeout ?? this.options.timeout);
    const expiry = inheritedExpiry();
    if (expiry === undefined) return { timeout, idle };
    const left = Math.max(1, Math.ceil(expiry - this.now()));
    return idle > 0
      ? { timeout, idle: Math.min(idle, left) }
      : { timeout: Math.min(timeout, left), idle };
  }

  private pack(
    serializer: PacketSerializer,
    pattern: string,
    packet: ReadPacket,
    data: unknown,
    headers: string | undefined,
  ): Packed | Promise<Packed> {
    try {
      const metadata = headers === undefined ? {} : { metadata: JSON.parse(headers) as object };
      const packed = packPacket(serializer, { pattern: packet.pattern, data, ...metadata });
      return packed instanceof Promise
        ? packed.catch((error: unknown) => fail(error, pattern))
        : packed;
    } catch (error) {
      return fail(error, pattern);
    }
  }

  /** @param value what the text was made of */
  private check(codec: WireCodec, text: string, value: unknown, pattern: string): void {
    const { maxPayloadBytes } = this.options;
    if (text.length * 3 > maxPayloadBytes && Buffer.byteLength(text) > maxPayloadBytes) {
      const message = `the data is larger than maxPayloadBytes (${maxPayloadBytes})`;
      throw new RedisStreamsError('PAYLOAD_TOO_LARGE', message, { pattern });
    }
    const isJson = codec === 'json' || codec.startsWith('obj');
    const reason = isJson ? hostile(text, value) : undefined;
    if (reason !== undefined) {
      throw new RedisStreamsError('INVALID_MESSAGE', `the data has ${reason}`, { pattern });
    }
  }

  /** Static headers, then the record's, then the dispatch hook's. */
  private headers(
    own: Readonly<Record<string, string>> | undefined,
    metadata: Readonly<Record<string, string>> | undefined,
    pattern: string,
  ): string | undefined {
    if (own === undefined && metadata === undefined) return this.staticHeaders;
    const text = JSON.stringify({ ...this.options.headers, ...own, ...metadata });
    if (text.length > MAX_HEADERS_LENGTH) {
      const message = `headers take at most ${MAX_HEADERS_LENGTH} characters as JSON`;
      throw new RedisStreamsError('INVALID_MESSAGE', message, { pattern });
    }
    return text === '{}' ? undefined : text;
  }
}

/** The call may be refused before anybody listens to the promise of its data. */
function heard<T>(late: Promise<T>): Promise<T> {
  late.catch(() => undefined);
  return late;
}

/** An event waits for no value and is stored whether or not anybody serves its pattern. */
function refuseForEvent(options: ResolvedRecordOptions, pattern: string): void {
  for (const name of ['idleTimeout', 'whenNoConsumer'] as const) {
    if (options[name] === undefined) continue;
    const message = `RedisStreamsRecord: "${name}" is for calls; ${pattern} was emitted as an event`;
    throw new RedisStreamsError('INVALID_OPTION', message, { pattern });
  }
}

/** What JSON has no text for, such as a function, arrives as undefined on Nest's transports too. */
function jsonOf(data: unknown, pattern: string): string {
  try {
    return JSON.stringify(data) ?? '';
  } catch (error) {
    return fail(error, pattern);
  }
}

function fail(error: unknown, pattern: string): never {
  const message = thrownText(error);
  throw new RedisStreamsError('INVALID_MESSAGE', `the data cannot be serialized: ${message}`, {
    pattern,
    cause: error,
  });
}
