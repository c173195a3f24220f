import { lastValueFrom, type Observable } from 'rxjs';
import { RedisStreamsError } from '../errors.js';

/**
 * Subscribes to one observable for each of `items`, all in one turn of the event loop, so that what they send travels
 * together. Resolves when all have ended, with their ends in the order of the items; of several values the last counts.
 *
 * @throws RedisStreamsError INVALID_MESSAGE if `items` is no list
 */
export async function settleMany<TItem, TResult>(
  items: Iterable<TItem>,
  each: (item: TItem) => Observable<TResult>,
): Promise<PromiseSettledResult<TResult | undefined>[]> {
  if (typeof items !== 'object' || items === null || !(Symbol.iterator in items)) {
    throw new RedisStreamsError(
      'INVALID_MESSAGE',
      'data of many calls or events is a list of data',
    );
  }
  const ends = Array.from(items, (item) => lastValueFrom(each(item), { defaultValue: undefined }));
  return Promise.allSettled(ends);
}
