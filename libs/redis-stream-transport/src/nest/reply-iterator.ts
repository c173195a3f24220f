import type { Observable, Subscription } from 'rxjs';

interface Waiting<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

/**
 * Values of an observable one after the other. The first `next` subscribes; `return` unsubscribes at once,
 * also while a `next` waits, which a generator could not do. Values that arrive faster than they are taken
 * are kept, and `pace` hears of each that is taken.
 */
export class ReplyIterator<T> implements AsyncIterableIterator<T> {
  private readonly values: T[] = [];
  private readonly waiting: Waiting<T>[] = [];
  private subscription: Subscription | undefined;
  private failure: { readonly error: unknown } | undefined;
  private ended = false;

  constructor(
    private readonly source: Observable<T>,
    private readonly pace: { taken: () => void },
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.subscription === undefined && !this.ended) this.start();
      this.hand();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.values.length = 0;
    this.failure = undefined;
    this.ended = true;
    this.subscription?.unsubscribe();
    this.hand();
    return Promise.resolve({ done: true, value: undefined });
  }

  private start(): void {
    this.subscription = this.source.subscribe({
      next: (value) => {
        this.values.push(value);
        this.hand();
      },
      error: (error: unknown) => {
        this.failure = { error };
        this.ended = true;
        this.hand();
      },
      complete: () => {
        this.ended = true;
        this.hand();
      },
    });
    // The source may have ended before `subscribe` returned.
    if (this.ended) this.subscription.unsubscribe();
  }

  private hand(): void {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      if (this.values.length > 0) {
        first.resolve({ done: false, value: this.values.shift() as T });
        this.pace.taken();
      } else if (this.failure !== undefined) {
        first.reject(this.failure.error);
        this.failure = undefined;
      } else if (this.ended) {
        first.resolve({ done: true, value: undefined });
      } else {
        return;
      }
      this.waiting.shift();
    }
  }
}
