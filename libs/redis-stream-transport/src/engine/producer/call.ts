import type { RedisStreamsError } from '../../errors.js';
import { idAfter } from '../../protocol/entry.js';
import { callIdOf, requestHeader } from '../../protocol/header.js';
import { MAX_CALL_DEPTH } from '../../protocol/limits.js';
import type { Incarnation } from '../../redis/operations/hello.js';
import type { Refusal } from '../../redis/verdict.js';
import type { Clock } from '../clock.js';
import type { DeadlineScope } from '../deadline-scope.js';
import type { Expiring } from '../deadline-queue.js';
import type { Heeding } from '../heeding.js';
import { hashOf, type Identified } from '../id-table.js';
import {
  fieldsOf,
  hasExtraFields,
  type EntryRequest,
  type WrittenData,
} from './sending/entry-request.js';
import type { OutgoingEntry } from './sending/outgoing-entry.js';
import type { Late } from './sending/late-data.js';

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
  /**
   * Output of the service's serializer, to be read by the deserializer. Resolves to what hands it on, and never
   * rejects.
   */
  packed(payload: unknown, last: boolean, origin: ReplyOrigin): Promise<() => void>;
  done(): void;
  /** What the handler threw, as it was sent; or an error of the transport. */
  error(error: unknown): void;
}

export interface CallRequest extends EntryRequest {
  /** Milliseconds; 0: the timeout covers everything. */
  readonly idle: number;
  /** What to do while no instance serves the pattern: wait, fail at once, or fail after so many milliseconds. */
  readonly grace: number | 'fail' | 'wait';
  /** The handler that makes the call; undefined outside of handlers. */
  readonly scope?: DeadlineScope | undefined;
}

/** What a call asks of the producer that owns it. */
export interface CallOwner {
  readonly callerId: string;
  readonly clock: Clock;
  stored(call: Call): void;
  refused(call: Call, reason: Refusal, cause: Error | undefined): void;
  failed(call: Call, error: RedisStreamsError): void;
}

/** `writing`: its serializer works; `reading`: it has its last reply, and its deserializer works. */
export type CallState =
  'writing' | 'queued' | 'sent' | 'stored' | 'unknown' | 'deciding' | 'reading' | 'settled';

/** Milliseconds of waiting that are not worth writing a new timeout for. */
const SLACK = 50;

/**
 * One request's life: (writing →) queued → sent → stored (→ reading) → settled. It is its own place in the deadline queue, in
 * the table of open calls and in a batch, so that a call costs one object.
 */
export class Call implements OutgoingEntry, Expiring, Identified, Late {
  state: CallState = 'queued';
  tainted = false;
  /** It has its last reply, so its entry is settled. */
  answered = false;
  copies = 0;
  /** Its entry by the verdict that named it: most calls end before anybody asks for its id. */
  private first: string | undefined;
  private steps = 0;
  /**
   * When its first copy left (monotonic, ms): until then no log can have lost its reply. A log that is made
   * for the first call of a client is asked for after that call began, and before it leaves.
   */
  leftAt = 0;
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
  unread: Unread | undefined;
  heeding: Heeding | undefined;

  size: number;

  /** When the application made it (monotonic, ms). */
  readonly startedAt: number;

  constructor(
    readonly id: string,
    public request: CallRequest,
    readonly sink: CallSink,
    private readonly owner: CallOwner,
  ) {
    const now = owner.clock.now();
    this.startedAt = now;
    this.hash = hashOf(id);
    this.expiresAt = now + (request.idle > 0 ? request.idle : request.timeout);
    this.graceUntil =
      typeof request.grace === 'number' ? now + request.grace : Number.POSITIVE_INFINITY;
    this.size = sizeOf(request);
  }

  /** As errors, contexts and logs have it. */
  get callId(): string {
    return callIdOf(this.owner.callerId, this.id);
  }

  get isWriting(): boolean {
    return this.state === 'writing';
  }

  write(): void {
    this.state = 'writing';
  }

  written(data: WrittenData): void {
    this.request = { ...this.request, ...data };
    this.size = sizeOf(this.request);
    this.state = 'queued';
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

  get hasExtraFields(): boolean {
    return hasExtraFields(this.request);
  }

  get abandoned(): boolean {
    return this.state === 'settled' || this.state === 'reading';
  }

  fields(now: number): readonly string[] {
    const { codec, idle, once, scope } = this.request;
    const line = requestHeader({
      codec,
      call: this.id,
      caller: this.owner.callerId,
      timeout: this.timeLeft(now),
      idle,
      once,
      depth: scope === undefined ? 0 : Math.min(MAX_CALL_DEPTH, scope.depth + 1),
    });
    return fieldsOf(this.request, line);
  }

  /** Milliseconds until its deadline; of a call that has not waited, those that the application gave. */
  private timeLeft(now: number): number {
    const { timeout, idle } = this.request;
    if (now - this.startedAt < SLACK) return idle > 0 ? idle : timeout;
    return Math.max(1, Math.ceil(this.expiresAt - now));
  }

  sending(incarnation: Incarnation, now: number): void {
    if (this.incarnation === undefined) {
      this.incarnation = incarnation;
      this.leftAt = now;
    }
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

/** Characters it takes in a batch, about. */
function sizeOf({ data, headers }: CallRequest): number {
  return data.length + (headers?.length ?? 0) + 64;
}

/** The run of a handler whose values a call hands out. */
export interface Run {
  readonly instance: string;
  readonly deliveries: number;
  readonly nonce: number;
}

/** What a deserializer is busy with for a call. */
export interface Unread {
  /** Settles when everything so far was handed on; never rejects. */
  tail: Promise<void>;
  /** Replies that were not handed on yet. */
  waiting: number;
}

/** A reply that overtook another one. */
export interface EarlyReply {
  readonly kind: number;
  readonly payload: unknown;
  readonly origin: ReplyOrigin;
}
