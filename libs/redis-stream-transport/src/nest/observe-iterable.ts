import { Observable } from 'rxjs';
import type { SendWindow } from '../engine/consumer/run/send-window.js';

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * An async iterable as an Observable, which every transport and interceptor of Nest knows. Unlike rxjs' own
 * conversion it ends the iterator as soon as the subscriber leaves.
 *
 * @param window the next value is asked for only while it is open; default: values do not wait
 */
export function observe<T>(iterable: AsyncIterable<T>, window?: SendWindow): Observable<T> {
  return new Observable((observer) => {
    const iterator = iterable[Symbol.asyncIterator]();
    const run = async (): Promise<void> => {
      try {
        for (;;) {
          if (window?.isOpen === false) await window.opened();
          if (observer.closed) return;
          const { done, value } = await iterator.next();
          if (observer.closed) return;
          if (done === true) break;
          observer.next(value);
        }
        observer.complete();
      } catch (error) {
        observer.error(error);
      }
    };
    void run();
    return () => void iterator.return?.().then(undefined, () => undefined);
  });
}
