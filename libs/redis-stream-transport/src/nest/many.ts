import { lastValueFrom, type Observable } from 'rxjs';
import { RedisStreamsError } from '../errors.js';

/** Items of a list at most: no client may have more calls open (`maxPending`). */
const MOST = 1_000_000;

/**
 * Subscribes to one observable for each of `items`, all in one turn of the event loop, so that what they send travels
 * together. Resolves when all have ended, with their ends in the order of the items; of several values the last counts.
 *
 * @throws RedisStreamsError INVALID_MESSAGE if `items` is no list, or has more than a million items: then nothing is sent
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
  const list: TItem[] = [];
  for (const item of items) {
    if (list.push(item) > MOST) {
      throw new RedisStreamsError('INVALID_MESSAGE', `a list has ${MOST} items at most`);
    }
  }
  const ends = list.map((item) => lastValueFrom(each(item), { defaultValue: undefined }));
  return Promise.allSettled(ends);
}
