import { RedisStreamsError } from '../../../errors.js';
import { idAfter } from '../../../protocol/entry.js';
import { eventHeader, type WireCodec } from '../../../protocol/header.js';
import { fitsPack, NOBODY } from '../../../protocol/pack.js';
import type { PackPlace } from '../../../redis/lua/pack.js';
import type { ClassOf } from '../../../redis/operations/calling/sections.js';
import type { Refusal } from '../../../redis/verdict.js';
import type { Expiring } from '../../deadline-queue.js';
import { onAbort, type AbortListener } from '../../abort-listeners.js';
import {
  fieldsOf,
  hasExtraFields,
  scheduledFields,
  streamOf,
  type EntryRequest,
  type Schedule,
  type WrittenData,
} from './entry-request.js';
import type { OutgoingEntry, Packable } from './outgoing-entry.js';
import type { Late } from './late-data.js';
import { failureOf, refusalOf, unsafeOf } from './not-stored.js';

/** An event on its way. It ends when it is stored, or certainly not stored, or when that cannot be known. */
export class OutgoingEvent implements OutgoingEntry, Packable, Expiring, Late {
  readonly isEvent = true;
  readonly mode = 0;
  readonly maySpread = false;
  /** Events keep their order, whatever they are. */
  readonly once = false;
  size: number;
  private writing = false;
  tainted = false;
  copies = 0;
  abandoned = false;
  isInClass = false;

  slot = 0;
  previousItem: Expiring | undefined;
  nextItem: Expiring | undefined;
  readonly expiresAt: number;
  private abortListener: AbortListener | undefined;

  constructor(
    public request: EntryRequest,
    /** When the application made it (monotonic, ms). */
    readonly startedAt: number,
    private readonly settled: (event: OutgoingEvent, error: RedisStreamsError | undefined) => void,
  ) {
    this.expiresAt = startedAt + request.timeout;
    this.size = sizeOf(request);
  }

  get isWriting(): boolean {
    return this.writing && !this.abandoned;
  }

  write(): void {
    this.writing = true;
  }

  written(data: WrittenData): void {
    this.request = { ...this.request, ...data };
    this.size = sizeOf(this.request);
    this.writing = false;
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

  get hasExtraFields(): boolean {
    return hasExtraFields(this.request);
  }

  get schedule(): Schedule | undefined {
    return this.request.schedule;
  }

  fields(now: number): readonly string[] {
    const { codec, once, expiresIn, schedule } = this.request;
    const fields = fieldsOf(this.request, eventHeader(codec, once, expiresIn));
    return schedule === undefined
      ? fields
      : scheduledFields(schedule, fields, now - this.startedAt);
  }

  /** What has a key, is started once only, is bound to its entry, waits, or has a class travels by itself. */
  get pack(): Packable | undefined {
    const { key, once, seal, schedule, ofClass, data, headers } = this.request;
    if (key !== undefined || once || seal || schedule || ofClass) return undefined;
    return fitsPack(data) && (headers === undefined || fitsPack(headers)) ? this : undefined;
  }

  get id(): string {
    return NOBODY;
  }

  get caller(): string {
    return NOBODY;
  }

  get depth(): number {
    return 0;
  }

  get key(): undefined {
    return undefined;
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

  get lane(): string | undefined {
    return this.request.namePattern ? this.pattern : undefined;
  }

  timeLeft(): number {
    return this.request.expiresIn;
  }

  sending(): void {}

  stored(first: string, steps: number, place?: PackPlace, unsafe?: Error): void {
    const { onStored, schedule } = this.request;
    const { stream } = this;
    if (onStored !== undefined) {
      const id = schedule?.messageId ?? schedule?.id ?? idAfter(first, steps);
      const name = place === undefined ? id : `${id}#${place.place}`;
      onStored({ id: name, stream, callId: undefined });
    }
    const what = `an event of ${this.pattern}`;
    this.end(unsafe && unsafeOf(this, 'may-have-run', what, unsafe));
  }

  recalled(): void {
    this.copies = 0;
  }

  refused(reason: Refusal, cause?: Error): void {
    // An event needs no instance that serves its pattern. What says otherwise was written by others.
    const why = reason === 'FULL' ? reason : 'E';
    this.end(refusalOf(this, why, `Redis refused an event of ${this.pattern}`, cause));
  }

  failed(error: RedisStreamsError): void {
    this.end(failureOf(this, error));
  }

  unknown(): void {
    this.end(this.perhapsStored('REDIS', 'Redis lost its memory of the event'));
  }

  /**
   * Its time is over. If no copy left, or each was refused, it is certainly not stored.
   *
   * @param obstacle why nothing can be stored, if that is so
   */
  expire(connected: boolean, obstacle: Error | undefined): void {
    const left = this.copies > 0 || this.tainted;
    const code = connected || left || this.writing ? 'TIMEOUT' : 'NOT_CONNECTED';
    const why = obstacle === undefined ? '' : `: ${obstacle.message}`;
    const message = `an event of ${this.pattern} was not stored in time${why}`;
    this.end(this.perhapsStored(code, message, obstacle));
  }

  end(error: RedisStreamsError | undefined): void {
    if (this.abandoned) return;
    this.abandoned = true;
    this.abortListener?.release();
    this.settled(this, error);
  }

  /** Ends the event when the signal fires: as not stored, unless a copy has left. That copy is stored all the same. */
  cancelOn(signal: AbortSignal): void {
    this.abortListener = onAbort(signal, () =>
      this.end(this.perhapsStored('CANCELLED', `an event of ${this.pattern} was cancelled`)),
    );
  }

  private perhapsStored(
    code: 'TIMEOUT' | 'NOT_CONNECTED' | 'REDIS' | 'CANCELLED',
    message: string,
    cause?: Error,
  ): RedisStreamsError {
    const outcome = this.copies > 0 || this.tainted ? 'may-have-run' : 'not-run';
    return new RedisStreamsError(code, message, { pattern: this.pattern, outcome, cause });
  }
}

/** Characters that it takes in a batch, about. */
function sizeOf({ data, headers }: EntryRequest): number {
  return data.length + (headers?.length ?? 0) + 32;
}
