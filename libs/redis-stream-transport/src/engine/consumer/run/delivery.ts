import type { CallOutcome, RedisStreamsErrorCode } from '../../../errors.js';
import type { Entry, RawEntry } from '../../../protocol/entry.js';
import { REPLY, type ReplyKind } from '../../../protocol/frame.js';
import { callIdOf } from '../../../protocol/header.js';
import { SEALED_CODEC } from '../../../protocol/sealed-text.js';
import type { DeadlineScope } from '../../deadline-scope.js';
import type { Expiring } from '../../deadline-queue.js';
import type { Thrown } from '../../../thrown.js';
import { hashOf, type Identified } from '../../id-table.js';
import { ABORTED, abortError, type AbortReason } from './abort-reason.js';
import type { Message, OwnerOf, SlotsOf } from './delivery-owner.js';
import { faultText, type FailedAttempt, type MalformedCode } from './ends.js';
import type { History, RunTimes } from './history.js';
import type { Home } from './home.js';
import type { Pack } from './pack.js';
import type { Recorded } from './recorded.js';
import type { RunWatch } from './run-watch.js';
import type { SendWindow } from './send-window.js';
import type { PatternState } from '../intake/pattern-state.js';

/** Where a delivery came from. */
export type HomeStream = Home<Delivery>;
/** The part that ends deliveries in Redis. */
export type DeliveryOwner = OwnerOf<Delivery>;
/** The part that gives slots to deliveries. */
export type DeliverySlots = SlotsOf<Delivery>;

/** What a delivery is made of. */
export interface DeliveryParts {
  /** As it was read, for the dead letters; of a call of a pack that cannot be read, without the others. */
  readonly raw: RawEntry;
  readonly owner: DeliveryOwner;
  readonly slots: DeliverySlots;
  readonly stream: HomeStream;
  readonly pattern: PatternState;
  readonly entry: Entry;
  readonly history: History;
  /** Tells runs of this consumer apart. */
  readonly nonce: number;
  readonly consumer: string;
  /** The pack that it is a call of, and its place there from 0; undefined: it has its entry for itself. */
  readonly pack?: Pack<Delivery> | undefined;
  readonly place?: number;
}

/**
 * An entry that this process holds. It ends exactly once: by a final reply, an acknowledgement, a retry or a dead
 * letter. What its runner sends after the end is ignored.
 */
export class Delivery implements Expiring, Identified, DeadlineScope {
  /** It has ended here, or was given up: what the handler sends is ignored. */
  ended = false;
  /** It holds a slot. */
  running = false;
  /** Open calls of its handler. */
  calls = 0;
  /** For an idempotency key: the replies so far, and the digest of its data. */
  recorded: Recorded | undefined;
  digest: string | undefined;
  /** Text of the reply headers, when the handler set some. */
  replyHeaders: string | undefined;
  /** Redis' clock, milliseconds; Infinity without a deadline. */
  deadline: number;

  readonly hash: number;
  sameSlot: this | undefined;
  slot = 0;
  previousItem: Expiring | undefined;
  nextItem: Expiring | undefined;
  expiresAt = Number.POSITIVE_INFINITY;
  /** When its handler started (monotonic, ms); 0: it has not. */
  startedAt = 0;

  readonly raw: RawEntry;
  readonly stream: HomeStream;
  readonly pattern: PatternState;
  readonly entry: Entry;
  readonly history: History;
  readonly nonce: number;
  readonly consumer: string;
  readonly pack: Pack<Delivery> | undefined;
  readonly place: number;
  private readonly owner: DeliveryOwner;
  private readonly slots: DeliverySlots;
  /** Made only where somebody listens. */
  times: RunTimes | undefined;
  /** Is told what becomes of it; set where runs are traced. */
  watch: RunWatch | undefined;
  /** How far its values may be sent; undefined: they do not wait for the reader. */
  window: SendWindow | undefined;
  /** Of the next reply. */
  index = 0;
  private controller: AbortController | undefined;
  private aborted: AbortReason | undefined;
  private onAbort: ((reason: AbortReason) => void) | undefined;

  constructor(parts: DeliveryParts) {
    this.raw = parts.raw;
    this.owner = parts.owner;
    this.slots = parts.slots;
    this.stream = parts.stream;
    this.pattern = parts.pattern;
    this.entry = parts.entry;
    this.history = parts.history;
    this.nonce = parts.nonce;
    this.consumer = parts.consumer;
    this.pack = parts.pack;
    this.place = parts.place ?? 0;
    this.hash = hashOf(parts.raw.id);
    const { timeout, idle } = parts.entry.header;
    const total = timeout > 0 ? timeout : idle;
    this.deadline = total > 0 ? parts.entry.addedAt + total : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds left, and never more than the caller gave: Redis' clock is an estimate. */
  remaining(redisNow: number): number {
    if (this.deadline === Number.POSITIVE_INFINITY) return this.deadline;
    const { timeout, idle } = this.entry.header;
    return Math.max(0, Math.min(Math.max(timeout, idle), this.deadline - redisNow));
  }

  get depth(): number {
    return this.entry.header.depth;
  }

  callOpened(): void {
    this.slots.waits(this, 1);
  }

  callClosed(): void {
    this.slots.waits(this, -1);
  }

  get id(): string {
    return this.entry.id;
  }

  /** The name of what it runs, in notes and lines: its entry, or a call of it. */
  get name(): string {
    return this.pack === undefined ? this.id : `${this.id}#${this.place}`;
  }

  /** As operations on single entries want it; undefined: it has its entry for itself. */
  get packPlace(): { size: number; place: number; shared: boolean } | undefined {
    return this.pack && { size: this.pack.size, place: this.place, shared: this.pack.isShared };
  }

  /** Id of the call, the same as at its caller; undefined for events. */
  get callId(): string | undefined {
    const { call, caller } = this.entry.header;
    return call === undefined || caller === undefined ? undefined : callIdOf(caller, call);
  }

  /** It may be started once only: its caller or its handlers demand that. */
  get once(): boolean {
    return this.entry.header.once || this.pattern.spec.once;
  }

  /** Its caller may have values of an earlier run and must be told to forget them. */
  get isRestart(): boolean {
    return this.pattern.spec.restartable && this.isRequest && this.history.deliveries > 1;
  }

  /** A caller waits for a reply. */
  get isRequest(): boolean {
    return this.entry.header.caller !== undefined;
  }

  /** Reply headers that stand beside a reply: those of sealed replies are sealed with them. */
  get headersBeside(): string | undefined {
    return this.entry.header.codecName === SEALED_CODEC ? undefined : this.replyHeaders;
  }

  /** Made at the first use: most handlers use none. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.aborted !== undefined) this.controller.abort(abortError(this.aborted));
    }
    return this.controller.signal;
  }

  get isAborted(): boolean {
    return this.aborted !== undefined;
  }

  get abortedBy(): AbortReason | undefined {
    return this.aborted;
  }

  /**
   * Registers a callback for the abort, cheaper than a signal. Several may be registered. `abandon()` calls it again.
   */
  whenAborted(told: (reason: AbortReason) => void): void {
    const before = this.onAbort;
    this.onAbort =
      before === undefined
        ? told
        : (reason) => {
            before(reason);
            told(reason);
          };
    if (this.aborted !== undefined) told(this.aborted);
  }

  abort(reason: AbortReason): void {
    if (this.aborted !== undefined) return;
    this.aborted = reason;
    this.controller?.abort(abortError(reason));
    this.onAbort?.(reason);
  }

  /** The delivery was ended although its handler still runs: calls the callbacks once more to clean up. */
  abandon(): void {
    if (this.aborted !== undefined) this.onAbort?.(this.aborted);
  }

  /** It got its slot. */
  begin(): void {
    this.owner.begin(this);
  }

  /** Index of the next reply; each has its own. */
  takeIndex(): number {
    return this.index++;
  }

  /** @param payload JSON; undefined: a value that JSON has no text for, or no value if it is the last */
  value(payload: string | undefined, last: boolean): void {
    const kind = !last ? REPLY.next : payload === undefined ? REPLY.done : REPLY.last;
    this.reply(kind, payload, last);
  }

  /** Sends the output of a serializer. */
  packed(payload: string, last: boolean): void {
    this.reply(last ? REPLY.packedLast : REPLY.packed, payload, last);
  }

  /** @param payload what the handler threw, as JSON */
  error(payload: string): void {
    this.reply(REPLY.error, payload, true);
  }

  fault(code: RedisStreamsErrorCode, message: string, outcome: CallOutcome): void {
    this.reply(REPLY.fault, faultText(code, message, outcome), true);
  }

  /** Ends a cancelled entry that does not run here any more. An earlier owner may have run it. */
  giveUp(): void {
    this.fault('CANCELLED', ABORTED.cancelled, 'may-have-run');
  }

  /** Ends an expired or cancelled entry that has not begun here. An earlier owner may have run it. */
  unstarted(reason: AbortReason): void {
    if (reason === 'deadline' && !this.isRequest && !this.ended) return this.owner.expired(this);
    const { deliveries, attempts } = this.history;
    const outcome = deliveries === 1 && attempts === 0 ? 'not-run' : 'may-have-run';
    const late = 'the deadline passed before the handler could start';
    if (reason === 'deadline') this.fault('TIMEOUT', late, outcome);
    else this.fault('CANCELLED', ABORTED.cancelled, outcome);
  }

  acknowledge(): void {
    if (!this.ended) this.owner.acknowledge(this);
  }

  /** Plans another attempt, unless nobody waits any more. */
  retry(failed: FailedAttempt): void {
    if (this.aborted === 'cancelled') this.giveUp();
    else if (!this.ended) this.owner.retry(this, failed);
  }

  deadLetter(reason: string, detail: string, thrown?: Thrown): void {
    if (this.ended) return;
    const told = `moved to the dead letters: ${detail}`;
    const payload = faultText('DEAD_LETTERED', told, 'may-have-run');
    this.owner.deadLetter(this, { reason, detail, kind: REPLY.fault, payload, thrown });
  }

  /** Ends an entry whose data cannot be read, or must not be trusted: no handler ran, and none ever will. */
  malformed(detail: string, code: MalformedCode = 'INVALID_MESSAGE'): void {
    if (this.ended) return;
    const reason = code === 'UNTRUSTED' ? 'untrusted' : 'malformed';
    const payload = faultText(code, `${reason} message: ${detail}`, 'not-run');
    this.owner.deadLetter(this, { reason, detail, kind: REPLY.fault, payload });
  }

  /** Runs `begin` if its sealed message came for the first time; else ends it, and nobody is told. */
  admit(message: Message, begin: () => void): void {
    this.owner.admit(this, message, begin);
  }

  reply(kind: ReplyKind, payload: string | undefined, final: boolean): void {
    if (this.ended) return;
    this.owner.reply(this, kind, payload, final);
    if (final || this.entry.header.idle === 0 || this.window?.renews === false) return;
    // This reply may have ended it. The grace after an abort is not renewed.
    if (!this.ended && !this.isAborted) this.slots.renewed(this);
  }
}
