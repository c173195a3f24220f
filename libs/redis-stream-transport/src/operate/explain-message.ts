import { numberOf } from '../redis/answer.js';
import type { ExplainOptions } from './explain-call.js';
import { inTime, timeOfServer, withPlace, type Whereabouts } from './place.js';
import { waitingFor } from './read-scheduled.js';
import { scanKeys, type FoundKey } from './scanned-keys.js';
import type { ScheduledEntry } from './scheduled.js';
import { TimeLimit } from './time-limit.js';

/** An event that was stored, and that another one with its message id does not repeat. */
export interface SentMessage {
  readonly pattern: string;
  /** Until then, in milliseconds since 1970 by Redis' clock, another one adds nothing. */
  readonly until: number;
}

/** What Redis still knows of an event by its message id. */
export interface MessageTrace {
  readonly id: string;
  /** Where it waits until it is due. */
  readonly scheduled: readonly ScheduledEntry[];
  /** Patterns whose event with this message id was stored; of patterns in lanes only those that answer calls are found. */
  readonly sent: readonly SentMessage[];
}

/** A pattern, and a shard that may have its stream. */
type Named = Pick<FoundKey, 'shard' | 'name'>;

/**
 * Says what Redis still knows of an event by its message id, or of what is due later by the id that `onStored` was told.
 * Looks at all streams and what is due later in them. Changes nothing.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function explainMessage(
  options: Whereabouts | undefined,
  id: string,
  { pattern, limit = 10_000 }: ExplainOptions = {},
): Promise<MessageTrace> {
  return withPlace(options, async (place) => {
    const time = TimeLimit.of(limit);
    const keys = await scanKeys(place, ['s', 'when', 'live'], time);
    const scheduled = await waitingFor(keys.of('when'), id, time, pattern);
    const patterns = new Map<string, Named>();
    const known = [...keys.of('s'), ...keys.of('when'), ...keys.of('live')];
    const meant =
      pattern === undefined ? known : place.shards.map((shard) => ({ shard, name: pattern }));
    for (const { shard, name } of meant) patterns.set(`${shard.shard} ${name}`, { shard, name });
    const sent = await inTime(time, 'patterns', [...patterns.values()], (one) => sentBy(one, id));
    return { id, scheduled, sent: sent.filter((one) => one !== undefined) };
  });
}

async function sentBy({ shard, name }: Named, id: string): Promise<SentMessage | undefined> {
  const { link, keys } = shard;
  const [left, now] = await Promise.all([
    link.command('pttl', [keys.sent(name, id)]).then(numberOf),
    timeOfServer(link),
  ]);
  return left > 0 ? { pattern: name, until: now + left } : undefined;
}
