import type { MessageHandler } from '@nestjs/microservices';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { RedisStreamsErrorCode } from '../errors.js';
import type { PacketSerializer } from '../options/index.js';
import { REPLY } from '../protocol/frame.js';
import { faultText, type LastReply } from '../engine/consumer/run/ends.js';
import type { Sealer } from '../options/sealing.js';
import { withStack } from './exposed-stack.js';
import { FailedRun } from './failed-run.js';
import { NeverRan } from './never-ran.js';
import { packedReplyText, packPacket, type Packed } from './packets.js';
import { passedFault } from './passed-fault.js';
import { isStream, type ResultStream } from './follow-stream.js';
import { replyWithStream, type ReplyWriter } from './reply-stream.js';
import type { RedisStreamsContext } from './redis-streams.context.js';
import { DeadLetter, RetryLater } from './retry-later.js';
import { sealReply } from './sealed-answer.js';
import type { SizeBound } from './size-bound.js';
import { isA, thrownText, type Thrown } from '../thrown.js';

/** What callers get for an error that is falsy, or that JSON has no text for. */
const UNKNOWN_ERROR = { status: 'error', message: 'Internal server error' };

/** Values of one stream that may wait for an asynchronous serializer. */
const MAX_UNPACKED = 10_000;

export interface InvokerSettings {
  readonly serializer: PacketSerializer | undefined;
  /** Seals replies, where they must be sealed. */
  readonly sealing?: Sealer | undefined;
  readonly replyBound: SizeBound;
  /** Errors are sent with the stack of what was thrown. */
  readonly exposeStack: boolean;
  complain(this: void, delivery: Delivery, message: string): void;
}

const ENDED = Promise.resolve();

/** Runs message handlers and turns what comes of them into replies. */
export class RequestInvoker {
  constructor(private readonly settings: InvokerSettings) {}

  /**
   * Resolves when the handler has ended. Written without `async`: of each function and each wait Node makes a promise
   * more, and every promise costs where context is tracked.
   */
  invoke(
    delivery: Delivery,
    context: RedisStreamsContext,
    data: unknown,
    handler: MessageHandler,
  ): Promise<void> {
    const replies = new Replies(delivery, context, this.settings);
    const failed = (error: unknown): void => replies.error(error);
    let result: unknown;
    try {
      result = handler(data, context);
    } catch (error) {
      failed(error);
      return ENDED;
    }
    return Promise.resolve(result).then((value) => answer(delivery, value, replies), failed);
  }

  /** Ends a request whose handler could not be run, or not be waited for. */
  fail(delivery: Delivery, context: RedisStreamsContext): void {
    new Replies(delivery, context, this.settings).lastError(undefined);
  }
}

/** Undefined where it has answered at once. */
function answer(delivery: Delivery, result: unknown, replies: Replies): Promise<void> | undefined {
  try {
    if (isStream(result)) return follow(delivery, result, replies);
    replies.value(result, true);
  } catch (error) {
    replies.error(error);
  }
  return undefined;
}

async function follow(delivery: Delivery, stream: ResultStream, replies: Replies): Promise<void> {
  try {
    if (await replyWithStream(delivery, stream, replies)) replies.tornDown();
  } catch (error) {
    replies.error(error);
  }
}

class Replies implements ReplyWriter {
  private begun = false;
  /** The handler has ended. */
  private over = false;
  /** Replies of an asynchronous serializer, in order, and how many of them wait. */
  private queue: Promise<void> | undefined;
  private waiting = 0;
  /** Index of the next reply that is sealed. */
  private place = 0;

  constructor(
    private readonly delivery: Delivery,
    private readonly context: RedisStreamsContext,
    private readonly settings: InvokerSettings,
  ) {}

  value(value: unknown, last: boolean): void {
    this.over = last;
    if (this.settings.serializer !== undefined) {
      this.packed({ response: value, ...(last ? { isDisposed: true } : {}) }, last);
      return;
    }
    this.begun = true;
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      this.unsendable(error);
      return;
    }
    if (text !== undefined && this.tooLarge(text)) return;
    this.delivery.value(text, last);
  }

  done(): void {
    this.over = true;
    if (this.settings.serializer !== undefined) this.packed({ isDisposed: true }, true);
    else this.delivery.value(undefined, true);
  }

  error(error: unknown): void {
    const { delivery, begun, settings } = this;
    if (isA(error, NeverRan)) {
      delivery.unstarted(delivery.abortedBy ?? 'cancelled');
      return;
    }
    const policy = delivery.pattern.spec.retry;
    const failure = new FailedRun(this.context, error);
    const { detail, kept } = failure;
    const sent = settings.exposeStack ? withStack(error, failure.stack) : error;
    if (kept !== undefined) delivery.watch?.threw(kept.value);
    this.over = true;
    if (RetryLater.is(error) && !begun) {
      // If this was the last attempt the caller gets a code of the transport: RetryLater is no error to pass on.
      delivery.retry({ delay: error.delayMs, state: '', detail, error: undefined, thrown: kept });
    } else if (DeadLetter.is(error)) {
      delivery.deadLetter('handler', detail, kept);
    } else if (
      policy !== undefined &&
      !begun &&
      !failure.isFinal(policy, (line) => settings.complain(delivery, line))
    ) {
      this.retry(sent, detail, kept);
    } else this.lastError(sent);
  }

  lastError(error: unknown): void {
    // It was told to stop. Whoever comes with the same idempotency key must not be answered with that.
    if (this.delivery.isAborted) this.delivery.recorded?.forget();
    const fault = passedFault(error);
    if (fault !== undefined) this.delivery.reply(REPLY.fault, fault, true);
    else if (this.settings.serializer !== undefined) this.packed({ err: told(error) }, true);
    else {
      const text = errorText(error);
      if (!this.tooLarge(text)) this.delivery.error(text);
    }
  }

  /** Tries again; if this was the last attempt, its caller gets the error. */
  private retry(error: unknown, detail: string, thrown: Thrown | undefined): void {
    const { delivery, settings } = this;
    const again = (last: LastReply): void =>
      delivery.retry({ delay: undefined, state: '', detail, error: last, thrown });
    /** @param text what the bound holds for */
    const within = (text: string, last: LastReply): void => {
      const { replyBound } = settings;
      if (!replyBound.isExceededBy(text)) again(last);
      else {
        const large = faultText('PAYLOAD_TOO_LARGE', replyBound.complaint, 'may-have-run');
        again({ kind: REPLY.fault, payload: large });
      }
    };
    const fault = passedFault(error);
    if (fault !== undefined) {
      again({ kind: REPLY.fault, payload: fault });
      return;
    }
    if (settings.sealing === undefined) {
      const payload = errorText(error);
      within(payload, { kind: REPLY.error, payload });
      return;
    }
    const packed = this.pack({ err: told(error) }, true);
    Promise.resolve(packed).then(
      (ready) => within(ready.text, { kind: REPLY.packedLast, payload: packedReplyText(ready) }),
      (failure: unknown) => this.unsendable(failure),
    );
  }

  /** Settles the entry of a stream that was torn down because its caller waits no longer. */
  tornDown(): void {
    const { delivery } = this;
    // The reply may arrive before the caller's own clock says that the deadline has passed.
    if (delivery.abortedBy === 'deadline') {
      delivery.fault('TIMEOUT', 'the deadline passed while the handler ran', 'may-have-run');
    } else {
      delivery.fault('CANCELLED', 'nobody waited for the reply any more', 'may-have-run');
    }
  }

  private packed(packet: Readonly<Record<string, unknown>>, last: boolean): void {
    this.begun = true;
    const { delivery } = this;
    const write = (packed: Packed): void => {
      if (!this.tooLarge(packed.text)) delivery.packed(packedReplyText(packed), last);
    };
    try {
      const packed = this.pack(packet, last);
      if (packed instanceof Promise || this.queue !== undefined) this.enqueue(packed, write);
      else write(packed);
    } catch (error) {
      this.unsendable(error);
    }
  }

  private pack(packet: Readonly<Record<string, unknown>>, last: boolean): Packed | Promise<Packed> {
    const { delivery, settings } = this;
    const { sealing } = settings;
    const whole = { ...packet, id: delivery.entry.header.call };
    if (sealing === undefined) return packPacket(settings.serializer as PacketSerializer, whole);
    // Each packet becomes one reply, in this order.
    this.place = Math.max(this.place, delivery.index);
    return sealReply(sealing, whole, delivery, { index: this.place++, last });
  }

  /** Writes a reply after the earlier ones. */
  private enqueue(packed: Packed | Promise<Packed>, write: (packed: Packed) => void): void {
    // It may fail while earlier ones are still being packed, before anything awaits it.
    if (packed instanceof Promise) packed.catch(() => undefined);
    if (++this.waiting > MAX_UNPACKED) {
      this.fault('REPLY_LOST', 'more values wait for the serializer than may be kept');
      return;
    }
    this.queue = (this.queue ?? Promise.resolve())
      .then(() => packed)
      .then((ready) => {
        this.waiting--;
        write(ready);
      })
      .catch((error: unknown) => this.unsendable(error));
  }

  private unsendable(error: unknown): void {
    const message = thrownText(error);
    this.settings.complain(this.delivery, `a reply cannot be sent: ${message}`);
    this.fault('INVALID_MESSAGE', 'the reply cannot be serialized');
  }

  private tooLarge(text: string): boolean {
    const { replyBound } = this.settings;
    if (!replyBound.isExceededBy(text)) return false;
    this.fault('PAYLOAD_TOO_LARGE', replyBound.complaint);
    return true;
  }

  /** Ends the call with a fault, and fires the signal of a handler that still streams. */
  private fault(code: RedisStreamsErrorCode, message: string): void {
    this.delivery.fault(code, message, 'may-have-run');
    if (!this.over) this.delivery.abort('cancelled');
  }
}

/** What is sent of an error. Nest's clients take a falsy one for none, and the call would look like a success. */
function told(error: unknown): unknown {
  return error || UNKNOWN_ERROR;
}

/** What was thrown, as JSON. */
export function errorText(error: unknown): string {
  try {
    return JSON.stringify(told(error)) ?? JSON.stringify(UNKNOWN_ERROR);
  } catch {
    return JSON.stringify(UNKNOWN_ERROR);
  }
}
