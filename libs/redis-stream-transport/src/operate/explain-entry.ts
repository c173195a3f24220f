import { RedisStreamsError } from '../errors.js';
import { isEntryId } from '../protocol/limits.js';
import { streamsOf } from '../protocol/priority.js';
import { numberOf, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import type { TracedEntry, TracedLetter } from './call-trace.js';
import type { ExplainOptions } from './explain-call.js';
import { findLetterScript } from './find-letter.lua.js';
import { letterBoxesOf, stepThrough } from './find-calls.js';
import { inParts, inTime, withPlace, type Whereabouts } from './place.js';
import { scanKeys } from './scanned-keys.js';
import { TimeLimit } from './time-limit.js';
import { tracedEntry, tracedLetter } from './traced-entries.js';

/** What Redis still knows of an entry. */
export interface EntryTrace {
  readonly id: string;
  /** Two streams may have entries with one id. */
  readonly entries: readonly TracedEntry[];
  readonly deadLetters: readonly TracedLetter[];
}

/**
 * Says what Redis still knows of an entry, such as that of an event: where it is, which groups have it or have finished with
 * it, what it became. Looks at all streams and dead letters. Changes nothing.
 *
 * @param id as `onStored` and log lines have it: `<milliseconds>-<number>`, of a call or an event in a pack with `#<place>`
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function explainEntry(
  options: Whereabouts | undefined,
  id: string,
  { pattern, limit = 10_000 }: ExplainOptions = {},
): Promise<EntryTrace> {
  const [entry = '', at = ''] = id.split('#', 2);
  if (!isEntryId(entry) || (id.includes('#') && !/^\d{1,2}$/.test(at))) {
    const told = `"${id.slice(0, 100)}" is no entry: it is <milliseconds>-<number>, as logs have it`;
    throw new RedisStreamsError('INVALID_OPTION', told);
  }
  return withPlace(options, async (place) => {
    const time = TimeLimit.of(limit);
    const keys = await scanKeys(place, ['s', 'dead'], time);
    const meant = pattern === undefined ? [] : streamsOf(pattern, place.shards.length);
    const streams = keys
      .of('s')
      .filter(({ name }) => pattern === undefined || meant.includes(name));
    const none = { caller: '', call: '' };
    const entries = await inTime(time, 'streams', streams, (key) =>
      tracedEntry({ key, entry }, none, at === '' ? -1 : Number(at)),
    );
    const boxes = letterBoxesOf(keys.of('dead'));
    const letters = await stepThrough(boxes, time, async (link, step, key) => {
      const answer = textsOf(await run(link, findLetterScript, { ...step, id }), 'find-letter');
      const [last = '', size, ...ids] = answer;
      return { last, size: numberOf(size), found: ids.map((letter) => ({ key, entry: letter })) };
    });
    const deadLetters = await inParts(letters, tracedLetter);
    return {
      id,
      entries: entries.filter((one) => one !== undefined),
      deadLetters: deadLetters.filter((letter) => letter !== undefined),
    };
  });
}
