import { Observable } from 'rxjs';
import { ReplyIterator } from './reply-iterator.js';

/**
 * The answer of a streamed method: an Observable, and an async iterable for `for await`. Cold: each
 * subscription and each iteration is a call of its own. Unsubscribing, or leaving the loop, cancels it.
 */
export class StreamedReply<T> extends Observable<T> implements AsyncIterable<T> {
  /**
   * Only for the compiler, which thereby refuses to `await` the whole reply; at run time there is no such
   * member. Await its values in a loop, or `firstValueFrom(reply)`.
   */
  // oxlint-disable-next-line unicorn/no-thenable -- declared, not defined
  declare readonly then: (this: never) => never;

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new ReplyIterator(this);
  }
}
