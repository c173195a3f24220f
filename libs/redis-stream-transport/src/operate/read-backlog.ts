import { numberOf } from '../redis/answer.js';
import type { Backlog, StreamBacklog } from './backlog.js';
import { inTime, unlessRefused, withPlace, type Place, type Whereabouts } from './place.js';
import { callersOf } from './count-callers.js';
import { scanKeys, streamKeys, type ScannedKeys } from './scanned-keys.js';
import { readStream } from './stream-reader.js';
import { TimeLimit } from './time-limit.js';

/** Keys that say what is left. */
export const BACKLOG_KEYS = ['s', 'when', 'dead'] as const;

/**
 * Reads what is left in a place. Needs no service, and changes nothing in Redis. It scans all keys of the servers that
 * have a shard, in small steps: not something to ask every second.
 *
 * @param options those of a client; `shards` counts only where no service or client has noted the number. `timeout`
 * is how long the connections may take
 * @param limit how long it may look, and what it has not looked at by then. Default: no limit
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readBacklog(options?: Whereabouts, limit = new TimeLimit()): Promise<Backlog> {
  return withPlace(options, async (place) =>
    backlogOf(place, await scanKeys(place, BACKLOG_KEYS, limit), limit),
  );
}

/**
 * How many dead letters there are, by group; groups without any are left out.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readDeadLetters(options?: Whereabouts): Promise<Readonly<Record<string, number>>> {
  return withPlace(options, async (place) =>
    lettersOf(await scanKeys(place, ['dead']), new TimeLimit()),
  );
}

/** What is left in a place, as far as its keys were found. */
export async function backlogOf(
  place: Place,
  keys: ScannedKeys,
  limit: TimeLimit,
): Promise<Backlog> {
  return {
    shards: place.shards.length,
    streams: await streamsOf(keys, limit),
    deadLetters: await lettersOf(keys, limit),
    callers: await callersOf(place),
  };
}

async function streamsOf(keys: ScannedKeys, limit: TimeLimit): Promise<StreamBacklog[]> {
  const streams = await inTime(limit, 'streams', streamKeys(keys), readStream);
  return streams.filter((stream) => stream !== undefined);
}

async function lettersOf(keys: ScannedKeys, limit: TimeLimit): Promise<Record<string, number>> {
  const letters: Record<string, number> = {};
  const boxes = keys.of('dead');
  const counts = await inTime(limit, 'dead letters', boxes, async ({ shard, name }) => {
    const count = await unlessRefused(shard.link.command('xlen', [shard.keys.dead(name)]), 0);
    return [name, numberOf(count)] as const;
  });
  for (const [group, count] of counts) {
    if (count > 0) letters[group] = (letters[group] ?? 0) + count;
  }
  return letters;
}
