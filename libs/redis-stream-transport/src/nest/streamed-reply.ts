import { Observable, type Subscriber, type TeardownLogic } from 'rxjs';
import { ReplyIterator } from './reply-iterator.js';

/**
 * A streamed reply: an Observable, and an async iterable for `for await`. Cold: each subscription and each iteration is
 * a call of its own. Unsubscribing, or leaving the loop, cancels it. With a `window` the service goes on as the loop
 * takes values, or as subscribers are given them.
 */
export class StreamedReply<T> extends Observable<T> implements AsyncIterable<T> {
  /**
   * Only for the compiler, which thereby refuses to `await` the whole reply; at run time there is no such
   * member. Await its values in a loop, or `firstValueFrom(reply)`.
   */
  // oxlint-disable-next-line unicorn/no-thenable -- declared, not defined
  declare readonly then: (this: never) => never;

  /**
   * @param open makes a call and tells the observer of its values. Where it is given a `pace` it sets `taken`, which is
   * then called for each value that the reader has taken
   */
  constructor(
    private readonly open: (observer: Subscriber<T>, pace?: { taken: () => void }) => TeardownLogic,
  ) {
    super((observer) => open(observer));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const pace = { taken: (): void => undefined };
    return new ReplyIterator(new Observable<T>((observer) => this.open(observer, pace)), pace);
  }
}
