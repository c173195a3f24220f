import type { RedisStreamsError } from '../../errors.js';
import { idAfter } from '../../protocol/entry.js';
import { requestHeader } from '../../protocol/header.js';
import type { Incarnation } from '../../redis/caller-broker.js';
import type { Refusal } from '../../redis/verdict.js';
import type { Expiring } from '../deadline-queue.js';
import { hashOf, type Identified } from '../id-table.js';
import { fieldsOf, isWide, type EntryRequest } from './entry-request.js';
import type { Item } from './item.js';

/** Where a reply came from. */
export interface ReplyOrigin {
  /** Headers that the handler set. */
  readonly headers: Readonly<Record<string, string>>;
  /** Consumer that ran the handler. */
  readonly instance: string;
  /** How often the request was handed to an instance. */
  readonly deliveryCount: number;
}

/** Who waits for a call. Exactly one of `done` and `error` is the last thing it is told. */
export interface CallSink {
  /** A value; `last`: nothing follows, and `done` is not called. */
  value(payload: unknown, last: boolean, origin: ReplyOrigin): void;
  /** Output of the service's serializer, to be told apart by the deserializer. */
  packed(payload: unknown, last: boolean, origin: ReplyOrigin): void;
  done(): void;
  /** What the handler threw, as it was sent; or an error of the transport. */
  error(error: unknown): void;
}

export interface CallRequest extends EntryRequest {
  /** Milliseconds; 0: the timeout covers everything. */
  readonly idle: number;
  /** 0: wait for a consumer; 1: none, no call; otherwise milliseconds of grace. */
  readonly grace: number | 'fail' | 'wait';
}

/** What a call asks of the producer that owns it. */
export interface CallOwner {
  stored(call: Call): void;
  refused(call: Call, reason: Refusal, cause: Error | undefined): void;
  failed(call: Call, error: RedisStreamsError): void;
}

export type CallState = 'queued' | 'sent' | 'stored' | 'unknown' | 'deciding' | 'settled';

/** Milliseconds of waiting that are not worth writing a new timeout for. */
const SLACK = 50;

/**
 * One request's life: queued → sent → stored → settled. It is its own place in the deadline queue, in
 * the table of open calls and in a batch, so that a call costs one object.
 */
export class Call implements Item, Expiring, Identified {
  state: CallState = 'queued';
  tainted = false;
  /** It has its last reply, so its entry is settled. */
  answered = false;
  copies = 0;
  /** Its entry by the verdict that named it: most calls end before anybody asks for its id. */
  private first: string | undefined;
  private steps = 0;
  /** Memory that its first copy was meant for. */
  incarnation: Incarnation | undefined;
  /** Monotonic time at which it is next asked about. */
  askAt: number | undefined;

  readonly hash: number;
  sameSlot: this | undefined;
  slot = 0;
  before: Expiring | undefined;
  behind: Expiring | undefined;
  expiresAt: number;
  /** Monotonic; until then a pattern that was never served is asked for again. */
  readonly graceUntil: number;

  /** Index of the next value to hand out, and the run it is locked on (rule L14). */
  next = 0;
  run: Run | undefined;
  early: Map<number, EarlyReply> | undefined;

  readonly size: number;

  constructor(
    readonly id: string,
    private readonly caller: string,
    readonly request: CallRequest,
    readonly sink: CallSink,
    private readonly owner: CallOwner,
    readonly startedAt: number,
  ) {
    this.hash = hashOf(id);
    this.expiresAt = startedAt + (request.idle > 0 ? request.idle : request.timeout);
    this.graceUntil =
      typeof request.grace === 'number' ? startedAt + request.grace : Number.POSITIVE_INFINITY;
    this.size = request.data.length + (request.headers?.length ?? 0) + 64;
  }

  get stream(): string {
    return this.request.stream;
  }

  get pattern(): string {
    return this.request.pattern;
  }

  get mode(): 0 | 1 | 2 {
    const { grace } = this.request;
    return grace === 'wait' ? 0 : grace === 'fail' ? 1 : 2;
  }

  get wide(): boolean {
    return isWide(this.request);
  }

  get unwanted(): boolean {
    return this.state === 'settled';
  }

  fields(now: number): readonly string[] {
    const { codec, timeout, idle, once } = this.request;
    const waited = now - this.startedAt;
    const total = idle > 0 ? idle : timeout;
    const remaining = waited < SLACK ? total : Math.max(1, Math.ceil(this.expiresAt - now));
    const line = requestHeader(codec, this.id, this.caller, remaining, idle, once);
    return fieldsOf(this.request, line);
  }

  sending(incarnation: Incarnation): void {
    this.incarnation ??= incarnation;
    if (this.state === 'queued') this.state = 'sent';
  }

  /** Id of its entry, once a verdict named it. */
  get entry(): string | undefined {
    const { first, steps } = this;
    return first === undefined || steps === 0 ? first : idAfter(first, steps);
  }

  /** It goes out once more: where its first copy went no longer counts. */
  again(): void {
    this.state = 'queued';
    this.tainted = true;
    this.first = undefined;
  }

  stored(first: string, behind: number): void {
    this.first = first;
    this.steps = behind;
    if (this.state === 'sent') this.state = 'stored';
    this.owner.stored(this);
  }

  refused(reason: Refusal, cause?: Error): void {
    this.owner.refused(this, reason, cause);
  }

  recalled(): void {
    this.copies = 0;
    this.incarnation = undefined;
    if (this.state === 'sent') this.state = 'queued';
  }

  failed(error: RedisStreamsError): void {
    this.owner.failed(this, error);
  }

  unknown(): void {
    this.tainted = true;
    if (this.state === 'sent') this.state = 'unknown';
  }
}

/** The run of a handler whose values a call hands out. */
export interface Run {
  readonly instance: string;
  readonly deliveries: number;
  readonly nonce: number;
}

/** A reply that overtook another one. */
export interface EarlyReply {
  readonly kind: number;
  readonly payload: unknown;
  readonly origin: ReplyOrigin;
}
