import type { Observable, Subscription } from 'rxjs';

interface Waiting<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

/** Values that were taken, at which those before the others are dropped if they are half of all. */
const DROP_AT = 1024;

/**
 * Values of an observable one after the other. The first `next` subscribes; `return` unsubscribes at once,
 * also while a `next` waits, which a generator could not do. Values that arrive faster than they are taken
 * are kept, and `pace` hears of each that is taken.
 */
export class ReplyIterator<T> implements AsyncIterableIterator<T> {
  /** Values that were not taken, from `place` on. While there are any, no `next` waits. */
  private readonly values: (T | undefined)[] = [];
  private place = 0;
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
    if (this.place < this.values.length) return Promise.resolve(this.take());
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.subscription === undefined && !this.ended) this.start();
      if (this.ended) this.end();
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.values.length = this.place = 0;
    this.failure = undefined;
    this.ended = true;
    this.subscription?.unsubscribe();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  private start(): void {
    this.subscription = this.source.subscribe({
      next: (value) => this.arrived(value),
      error: (error: unknown) => {
        this.failure = { error };
        this.ended = true;
        this.end();
      },
      complete: () => {
        this.ended = true;
        this.end();
      },
    });
    // The source may have ended before `subscribe` returned.
    if (this.ended) this.subscription.unsubscribe();
  }

  private arrived(value: T): void {
    const first = this.waiting.shift();
    if (first === undefined) {
      this.values.push(value);
      return;
    }
    first.resolve({ done: false, value });
    this.pace.taken();
  }

  private take(): IteratorResult<T> {
    const { values, place } = this;
    const value = values[place] as T;
    values[place] = undefined;
    this.place++;
    if (this.place === values.length) values.length = this.place = 0;
    else if (this.place >= DROP_AT && 2 * this.place >= values.length) {
      values.splice(0, this.place);
      this.place = 0;
    }
    this.pace.taken();
    return { done: false, value };
  }

  /** Tells whoever waits that no value comes any more: none wait while there are values. */
  private end(): void {
    for (const first of this.waiting.splice(0)) {
      if (this.failure === undefined) first.resolve({ done: true, value: undefined });
      else {
        first.reject(this.failure.error);
        this.failure = undefined;
      }
    }
  }
}
