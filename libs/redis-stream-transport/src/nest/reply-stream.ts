import { isObservable, type Observable } from 'rxjs';
import type { Delivery } from '../engine/consumer/delivery.js';

/** Who turns values and errors of a handler into replies. */
export interface ReplyWriter {
  value(value: unknown, last: boolean): void;
  /** The result ended behind the last value. */
  done(): void;
  error(error: unknown): void;
}

/** A handler's result that is more than one value. */
export function isStream(result: unknown): result is Observable<unknown> | AsyncIterable<unknown> {
  if (typeof result !== 'object' || result === null) return false;
  return isObservable(result) || Symbol.asyncIterator in result;
}

/**
 * Writes the values of a handler's stream in order, and tears it down when nobody waits any more.
 * Resolves when the stream has ended, failed or been torn down.
 */
export function replyWithStream(
  delivery: Delivery,
  stream: Observable<unknown> | AsyncIterable<unknown>,
  writer: ReplyWriter,
): Promise<void> {
  const held = new HeldValue(writer);
  if (isObservable(stream)) return fromObservable(delivery, stream, held);
  return fromIterable(delivery, stream, held);
}

function fromObservable(
  delivery: Delivery,
  stream: Observable<unknown>,
  held: HeldValue,
): Promise<void> {
  return new Promise((resolve) => {
    let ended = false;
    const end = (last: () => void): void => {
      ended = true;
      last();
      resolve();
    };
    const subscription = stream.subscribe({
      next: (value) => held.next(value),
      error: (error: unknown) => end(() => held.error(error)),
      complete: () => end(() => held.done()),
    });
    if (ended) return;
    delivery.whenAborted(() => {
      if (ended) return;
      ended = true;
      tearDown(() => subscription.unsubscribe());
      held.drop();
      resolve();
    });
  });
}

async function fromIterable(
  delivery: Delivery,
  stream: AsyncIterable<unknown>,
  held: HeldValue,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  delivery.whenAborted(() => {
    held.drop();
    // A generator that waits for something runs its `finally` when that comes; nobody waits here.
    tearDown(() => iterator.return?.());
  });
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (delivery.isAborted) return;
      if (done === true) break;
      held.next(value);
    }
    held.done();
  } catch (error) {
    held.error(error);
  }
}

/** Ends what user code streams. Nobody waits for it, so what its end throws or rejects is nobody's. */
function tearDown(end: () => unknown): void {
  void (async () => end())().catch(() => undefined);
}

/**
 * Holds a value back until the end of the tick: a stream that ends right behind it is told with the
 * value, in one reply. An `undefined` that ends a stream is dropped, as Nest's transports do.
 */
class HeldValue {
  private value: unknown;
  private holds = false;
  private dropped = false;

  constructor(private readonly writer: ReplyWriter) {}

  next(value: unknown): void {
    if (this.dropped) return;
    if (this.holds) {
      this.writer.value(this.value, false);
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
    this.writer.value(this.value, false);
  }
}
