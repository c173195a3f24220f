import type { Delivery } from '../engine/consumer/run/delivery.js';
import { follow, type ResultStream, type StreamListener } from './follow-stream.js';

/** Turns values and errors of a handler into replies. */
export interface ReplyWriter {
  value(value: unknown, last: boolean): void;
  /** The result ended after the last value. */
  done(): void;
  error(error: unknown): void;
}

/** Writes the values of a handler's stream in order. Resolves at its end, with whether it was torn down. */
export function replyWithStream(
  delivery: Delivery,
  stream: ResultStream,
  writer: ReplyWriter,
): Promise<boolean> {
  return follow(delivery, stream, new HeldValue(writer, delivery));
}

/**
 * Waits for the end of a stream that an event handler returned, and drops its values. Rejects with its error.
 * If the entry is settled before, the stream is torn down.
 */
export async function streamEnd(delivery: Delivery, stream: ResultStream): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  await follow(delivery, stream, {
    sent: false,
    stop: NOTHING,
    next: NOTHING,
    done: NOTHING,
    error: (error) => (failure = { error }),
    drop: NOTHING,
  });
  if (failure !== undefined) throw failure.error;
}

const NOTHING = (): void => undefined;

/**
 * Holds a value back until the end of the tick, so that a stream that ends right after it takes one reply for
 * both. An `undefined` that ends a stream is dropped, as on Nest's transports.
 */
class HeldValue implements StreamListener {
  sent = false;
  stop: () => void = NOTHING;
  private value: unknown;
  private holds = false;
  private dropped = false;

  constructor(
    private readonly writer: ReplyWriter,
    private readonly delivery: Delivery,
  ) {}

  next(value: unknown): void {
    if (this.dropped) return;
    if (this.holds) {
      this.send(this.value);
      this.value = value;
      return;
    }
    this.value = value;
    this.holds = true;
    process.nextTick(() => this.release());
  }

  done(): void {
    if (this.dropped) return;
    if (this.holds && this.value !== undefined) this.writer.value(this.value, true);
    else this.writer.done();
    this.drop();
  }

  error(error: unknown): void {
    if (this.dropped) return;
    this.release();
    this.writer.error(error);
    this.drop();
  }

  drop(): void {
    this.holds = false;
    this.dropped = true;
    this.value = undefined;
  }

  private release(): void {
    if (!this.holds || this.dropped) return;
    this.holds = false;
    this.send(this.value);
  }

  /** Sends a value that is not the last. A stream that was aborted before its first value is torn down instead. */
  private send(value: unknown): void {
    if (this.delivery.isAborted && !this.sent) {
      this.stop();
      return;
    }
    this.sent = true;
    this.writer.value(value, false);
  }
}
