import type { RawEntry } from '../../../protocol/entry.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { StreamState } from './stream-state.js';

/**
 * Characters of entries that are handed on in one turn of the event loop. All handlers that start in one turn
 * reply at its end; after each portion the reader yields, so that callers are not starved.
 */
export const TURN_LENGTH = 65_536;
/**
 * Calls of a read from which on it is handed on in two portions: their callers handle the replies to the first one while
 * the second one runs. From then on both sides work at the same time, each with half of the calls. A further settlement
 * costs as much as handling some fifty calls (docs/decisions/0048-halves.md).
 */
const WORTH_HALVES = 96;

/**
 * Characters of a read after which the reader yields.
 *
 * @param count how many entries of each stream were asked for. If as many came, more wait: then both sides work anyway,
 * and large settlements are cheaper
 */
export function portionOf(
  read: readonly StreamEntries[],
  count: number,
  streamOf: (key: string) => StreamState | undefined,
): number {
  let calls = 0;
  let length = 0;
  for (const { stream: key, entries } of read) {
    const stream = streamOf(key);
    if (stream === undefined || entries.length === 0) continue;
    // Nobody waits for the ends of events.
    if (!stream.expectsPacks || stream.kind !== 'r' || entries.length >= count) return TURN_LENGTH;
    calls += entries.length * stream.callsPerEntry;
    for (const entry of entries) length += lengthOf(entry);
  }
  return calls < WORTH_HALVES ? TURN_LENGTH : Math.min(TURN_LENGTH, length / 2);
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function lengthOf({ fields }: RawEntry): number {
  let length = 0;
  for (const field of fields) length += field.length;
  return length;
}
