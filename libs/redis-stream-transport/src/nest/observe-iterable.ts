import { Observable } from 'rxjs';

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * An async iterable as an Observable, which every transport and interceptor of Nest knows. Unlike rxjs' own
 * conversion it ends the iterator as soon as the subscriber leaves.
 */
export function observe<T>(iterable: AsyncIterable<T>): Observable<T> {
  return new Observable((observer) => {
    const iterator = iterable[Symbol.asyncIterator]();
    const run = async (): Promise<void> => {
      try {
        for (;;) {
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
