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
import { isAsyncIterable, observe } from './observe-iterable.js';

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
    listener.stop = () => {
      if (ended) return;
      ended = true;
      listener.drop();
      tearDown(() => subscription.unsubscribe());
      resolve(true);
    };
    const values: Observer<unknown> = {
      next: (value) => listener.next(value),
      error: (error: unknown) => end(() => listener.error(error)),
      complete: () => end(() => listener.done()),
    };
    const iterables = (): Observer<unknown> => {
      const each = new Subject<unknown>();
      subscription.add(each.pipe(concatMap(valuesOf)).subscribe(values));
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

function valuesOf(value: unknown): Observable<unknown> {
  return isAsyncIterable(value) ? observe(value) : of(value);
}

async function followIterable(
  delivery: Delivery,
  stream: AsyncIterable<unknown>,
  listener: StreamListener,
): Promise<boolean> {
  const iterator = stream[Symbol.asyncIterator]();
  let torn = false;
  listener.stop = () => {
    if (torn) return;
    torn = true;
    listener.drop();
    // A generator that awaits something runs its `finally` only afterwards; nothing waits for that here.
    tearDown(() => iterator.return?.());
  };
  delivery.whenAborted(() => {
    if (listener.sent || delivery.ended) listener.stop();
  });
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (torn) return true;
      if (done === true) break;
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
