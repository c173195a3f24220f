import type { RedisStreamsError } from '../../errors.js';
import { idAfter } from '../../protocol/entry.js';
import { callIdOf, requestHeader, type WireCodec } from '../../protocol/header.js';
import { fitsPack } from '../../protocol/pack.js';
import type { PackPlace } from '../../redis/lua/pack.js';
import { MAX_CALL_DEPTH } from '../../protocol/limits.js';
import type { Incarnation } from '../../redis/operations/hello.js';
import type { ClassOf } from '../../redis/operations/calling/sections.js';
import type { Refusal } from '../../redis/verdict.js';
import type { Clock } from '../clock.js';
import type { Expiring } from '../deadline-queue.js';
import type { AbortListener } from '../abort-listeners.js';
import { hashOf, type Identified } from '../id-table.js';
import type { CallState } from './call-state.js';
import { modeOf, sizeOf, type CallRequest, type CallSink } from './call-request.js';
import { fieldsOf, hasExtraFields, scheduledFields, streamOf } from './sending/entry-request.js';
import type { Schedule, WrittenData } from './sending/entry-request.js';
import { Reading } from './replies/reading.js';
import type { OpenCalls, OutgoingEntry, Packable } from './sending/outgoing-entry.js';
import type { Late } from './sending/late-data.js';
import type { EarlyReply, Run, Unread } from './replies/run.js';

/** What a call needs of the producer that owns it. */
export interface CallOwner {
  readonly callerId: string;
  readonly clock: Clock;
  /** @param unsafe why it may be lost, in words: too few replicas have it */
  stored(call: Call, unsafe?: Error): void;
  /** @param cause Redis' own error, if there is one */
  refused(call: Call, reason: Refusal, cause: Error | undefined): void;
  failed(call: Call, error: RedisStreamsError): void;
}

/** Milliseconds that a call may have waited and still be sent with the timeout that it was given. */
const SLACK = 50;

/**
 * The life of one request: (writing →) queued → sent → stored (→ reading) → settled. The same object is its item in
 * the deadline queue, in the table of open calls and in a batch, so that a call costs one object.
 */
export class Call implements OutgoingEntry, Packable, Expiring, Identified, Late {
  readonly isEvent = false;
  state: CallState = 'queued';
  tainted = false;
  /** It has its last reply, so its entry is settled. */
  answered = false;
  copies = 0;
  isInClass = false;
  /** Where its entry is: `steps` after the entry `first`. The id is made when it is needed: most calls end before. */
  private first: string | undefined;
  private steps = 0;
  /** Its place in the pack that its entry is; undefined: it has its entry for itself. */
  place: PackPlace | undefined;
  /** When its first copy left (monotonic, ms): until then no log can have lost its reply. Its log may be younger than `startedAt`. */
  leftAt = 0;
  /** The memory of Redis that its first copy was meant for. */
  incarnation: Incarnation | undefined;
  /** When Redis is next asked about its entry (monotonic, ms); undefined: as usual. */
  askAt: number | undefined;

  readonly hash: number;
  sameSlot: this | undefined;
  slot = 0;
  previousItem: Expiring | undefined;
  nextItem: Expiring | undefined;
  expiresAt: number;
  /** Until then it is tried again while its pattern was never served (monotonic, ms). */
  readonly graceUntil: number;

  /** Of one that is due later: when that is, once a verdict said so (Redis' clock, ms). */
  dueAt = 0;
  /** Index of the next value to pass on, and its run (rule L14). */
  next = 0;
  run: Run | undefined;
  /** Values that came before `next`, by index. */
  early: Map<number, EarlyReply> | undefined;
  unread: Unread | undefined;
  /** How far its reader has come; undefined: the service does not wait for it. */
  readonly reading: Reading | undefined;
  abortListener: AbortListener | undefined;
  /** Where it is counted. */
  private open: OpenCalls | undefined;

  size: number;

  readonly startedAt: number;

  constructor(
    readonly id: string,
    public request: CallRequest,
    readonly sink: CallSink,
    private readonly owner: CallOwner,
  ) {
    // When the application made it (monotonic, ms).
    const now = (this.startedAt = owner.clock.now());
    this.hash = hashOf(id);
    this.expiresAt = now + (request.schedule?.wait ?? 0) + (request.idle || request.timeout);
    this.graceUntil =
      typeof request.grace === 'number' ? now + request.grace : Number.POSITIVE_INFINITY;
    // The id is the key, so the service keeps the result under it.
    if (request.kept === true) this.request = { ...request, key: this.callId };
    this.size = sizeOf(this.request);
    this.reading = request.window && new Reading(request.window);
  }

  /** Its id in errors, contexts and logs. */
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
    return streamOf(this.request, this.isInClass);
  }

  get ofClass(): ClassOf | undefined {
    return this.request.ofClass;
  }

  get pattern(): string {
    return this.request.pattern;
  }

  get mode(): 0 | 1 | 2 | 3 {
    return this.schedule ? 0 : modeOf(this.request.grace);
  }

  get maySpread(): boolean {
    return this.request.stream === this.request.pattern;
  }

  get schedule(): Schedule | undefined {
    return this.request.schedule;
  }

  get hasExtraFields(): boolean {
    return hasExtraFields(this.request);
  }

  get abandoned(): boolean {
    return this.state === 'settled' || this.state === 'reading';
  }

  /** Calls whose deadline moves or whose reader is waited for, and those that were sent before, travel by themselves. */
  get pack(): Packable | undefined {
    const { idle, data, headers, window, schedule } = this.request;
    if (idle > 0 || this.tainted || window || schedule) return undefined;
    return fitsPack(data) && (headers === undefined || fitsPack(headers)) ? this : undefined;
  }

  get once(): boolean {
    return this.request.once;
  }

  get codec(): WireCodec {
    return this.request.codec;
  }

  get data(): string {
    return this.request.data;
  }

  get headers(): string | undefined {
    return this.request.headers;
  }

  get key(): string | undefined {
    return this.request.key;
  }

  get caller(): string {
    return this.owner.callerId;
  }

  get depth(): number {
    const { scope } = this.request;
    return scope === undefined ? 0 : Math.min(MAX_CALL_DEPTH, scope.depth + 1);
  }

  get lane(): string | undefined {
    return this.request.namePattern ? this.pattern : undefined;
  }

  fields(now: number): readonly string[] {
    const { codec, idle, once, schedule, window } = this.request;
    const line = requestHeader({
      codec,
      call: this.id,
      caller: this.owner.callerId,
      timeout: this.timeLeft(now),
      idle,
      once,
      depth: this.depth,
      window,
    });
    const fields = fieldsOf(this.request, line);
    if (schedule === undefined) return fields;
    return scheduledFields({ ...schedule, id: this.callId }, fields, now - this.startedAt);
  }

  /** Milliseconds until its deadline; of a call that has not waited, those that the application gave. */
  timeLeft(now: number): number {
    const { timeout, idle, schedule } = this.request;
    if (now - this.startedAt < SLACK || schedule !== undefined) return idle > 0 ? idle : timeout;
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

  /** Its entry, and its place in it, as a cancellation names it. */
  get entryName(): string {
    const { entry = '', place } = this;
    return place === undefined ? entry : `${entry}#${place.place}`;
  }

  /** Its entry was found, after it had waited until it was due. */
  found(entry: string): void {
    this.first = entry;
  }

  /** It is to be sent once more, as another entry. */
  again(): void {
    this.state = 'queued';
    this.isInClass = false;
    this.tainted = true;
    this.first = undefined;
  }

  stored(first: string, steps: number, place?: PackPlace, unsafe?: Error): void {
    if (this.schedule) this.dueAt = Number.parseInt(first, 10);
    else this.first = first;
    this.steps = steps;
    this.place = place;
    if (this.state === 'sent') this.state = 'stored';
    const { stream, request, schedule: due } = this;
    // Names are made only for who wants to know them.
    request.onStored?.({ id: due ? this.callId : this.entryName, stream, callId: this.callId });
    this.owner.stored(this, unsafe);
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

  countIn(open: OpenCalls): void {
    if (this.open !== undefined) return;
    this.open = open;
    open.count++;
  }

  /** Nothing more becomes of it. */
  over(): void {
    this.state = 'settled';
    this.early = undefined;
    this.unread = undefined;
    this.abortListener?.release();
    if (this.open !== undefined) this.open.count--;
    this.open = undefined;
  }
}
