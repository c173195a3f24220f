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

/** A handler's result that is more than one value. Behind an interceptor of Nest every result is one. */
export function isStream(result: unknown): result is ResultStream {
  return isObservable(result) || isAsyncIterable(result);
}

/** Who hears what a handler's stream says. */
export interface StreamListener {
  /** A value has left. */
  readonly sent: boolean;
  /** Tears the stream down. Given by whoever follows it. */
  stop: () => void;
  next(value: unknown): void;
  done(): void;
  error(error: unknown): void;
  /** Nothing that was heard counts any more. */
  drop(): void;
}

/**
 * Tells a listener what a stream says. Resolves when the stream has ended, failed or been torn down, with
 * whether it was torn down.
 *
 * A stream that has sent nothing is a handler that runs: an interceptor makes a stream of every promise, and
 * unsubscribing ends no promise. When its delivery is aborted it goes on like a promise, until it ends or its
 * entry is ended without it. One that has sent values is torn down at once.
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
    // Stopped while it is subscribed to, it is left at once.
    subscription.add(stream.subscribe(unwrapping(values, iterables)));
    if (ended) return;
    delivery.whenAborted(() => {
      if (listener.sent || delivery.ended) listener.stop();
    });
  });
}

/**
 * An interceptor emits an async iterable that a handler returned as if it were a value. From the first such
 * value on, everything passes what takes iterables apart; most streams never pay for it.
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
    // A generator that waits for something runs its `finally` when that comes; nobody waits here.
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

/** Ends what user code streams. Nobody waits for it, so what its end throws or rejects is nobody's. */
function tearDown(end: () => unknown): void {
  void (async () => end())().catch(() => undefined);
}
