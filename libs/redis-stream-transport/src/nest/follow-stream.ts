import {
  concatMap,
  isObservable,
  type Observable,
  type Observer,
  of,
  Subject,
  Subscription,
} from 'rxjs';
import type { Delivery } from '../engine/consumer/run/delivery.js';
import type { SendWindow } from '../engine/consumer/run/send-window.js';
import { isAsyncIterable, observe } from './observe-iterable.js';
import { PacedValues } from './paced-values.js';

export type ResultStream = Observable<unknown> | AsyncIterable<unknown>;

/** Whether a handler's result may be several values. Nest's interceptors make an Observable of every result. */
export function isStream(result: unknown): result is ResultStream {
  return isObservable(result) || isAsyncIterable(result);
}

/** Takes what a handler's stream emits. */
export interface StreamListener {
  /** Whether a value was sent to the caller. */
  readonly sent: boolean;
  /** Tears the stream down; set by {@link follow}. */
  stop: () => void;
  next(value: unknown): void;
  done(): void;
  error(error: unknown): void;
  /** Forgets a value that is not sent yet, and ignores what comes later. */
  drop(): void;
}

/**
 * Passes what a stream emits to a listener. Resolves when the stream has ended, failed or been torn down: with
 * true if it was torn down.
 *
 * A stream that has sent nothing counts as a handler that still runs, because an interceptor makes a stream of
 * every promise and unsubscribing does not end a promise. When its delivery is aborted it goes on, as a promise
 * would, until it ends or its entry is settled without it. A stream that has sent values is torn down at once.
 */
export function follow(
  delivery: Delivery,
  stream: ResultStream,
  listener: StreamListener,
): Promise<boolean> {
  return isObservable(stream)
    ? followObservable(delivery, stream, listener)
    : followIterable(delivery, stream, listener);
}

function followObservable(
  delivery: Delivery,
  stream: Observable<unknown>,
  listener: StreamListener,
): Promise<boolean> {
  return new Promise((resolve) => {
    let ended = false;
    const end = (last: () => void): void => {
      ended = true;
      last();
      resolve(false);
    };
    const subscription = new Subscription();
    const { window } = delivery;
    let paced: PacedValues | undefined;
    listener.stop = () => {
      if (ended) return;
      ended = true;
      paced?.drop();
      listener.drop();
      tearDown(() => subscription.unsubscribe());
      resolve(true);
    };
    let values: Observer<unknown> = {
      next: (value) => listener.next(value),
      error: (error: unknown) => end(() => listener.error(error)),
      complete: () => end(() => listener.done()),
    };
    if (window !== undefined) {
      paced = new PacedValues(delivery, window, values, () => overflowed(delivery));
      values = paced;
    }
    const iterables = (): Observer<unknown> => {
      const each = new Subject<unknown>();
      const single = concatMap((value: unknown) => valuesOf(value, window));
      subscription.add(each.pipe(single).subscribe(values));
      return each;
    };
    // If it was stopped during `subscribe`, adding to the closed subscription unsubscribes at once.
    subscription.add(stream.subscribe(unwrapping(values, iterables)));
    if (ended) return;
    delivery.whenAborted(() => {
      if (listener.sent || delivery.ended) listener.stop();
    });
  });
}

/**
 * An interceptor emits an async iterable that a handler returned as one value. From the first such value on, all
 * values pass through an operator that takes iterables apart. Other streams do not pay for it.
 */
function unwrapping(
  values: Observer<unknown>,
  iterables: () => Observer<unknown>,
): Observer<unknown> {
  let to = values;
  return {
    next: (value) => {
      if (to === values && isAsyncIterable(value)) to = iterables();
      to.next(value);
    },
    error: (error: unknown) => to.error(error),
    complete: () => to.complete(),
  };
}

function valuesOf(value: unknown, window: SendWindow | undefined): Observable<unknown> {
  return isAsyncIterable(value) ? observe(value, window) : of(value);
}

/** Ends a stream whose reader is too slow: its values must not fill the memory of this process. */
function overflowed(delivery: Delivery): void {
  const message = 'more values wait for their reader than may be kept';
  delivery.fault('REPLY_LOST', message, 'may-have-run');
  delivery.abort('cancelled');
}

async function followIterable(
  delivery: Delivery,
  stream: AsyncIterable<unknown>,
  listener: StreamListener,
): Promise<boolean> {
  const iterator = stream[Symbol.asyncIterator]();
  const { window } = delivery;
  let torn = false;
  listener.stop = () => {
    if (torn) return;
    torn = true;
    listener.drop();
    window?.wake();
    // A generator that awaits something runs its `finally` only afterwards; nothing waits for that here.
    tearDown(() => iterator.return?.());
  };
  delivery.whenAborted(() => {
    if (listener.sent || delivery.ended) listener.stop();
  });
  try {
    for (;;) {
      if (window?.isOpen === false) await window.opened();
      if (torn) return true;
      const { done, value } = await iterator.next();
      if (torn) return true;
      if (done === true) break;
      window?.give();
      listener.next(value);
    }
    listener.done();
  } catch (error) {
    listener.error(error);
  }
  return torn;
}

/** Ends a stream of user code. Nothing waits for the end, so what it throws or rejects with is dropped. */
function tearDown(end: () => unknown): void {
  void (async () => end())().catch(() => undefined);
}
