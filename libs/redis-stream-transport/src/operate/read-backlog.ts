import { numberOf } from '../redis/answer.js';
import type { Backlog, StreamBacklog } from './backlog.js';
import { inParts, unlessRefused, withPlace, type Place, type Whereabouts } from './place.js';
import { callersOf } from './count-callers.js';
import { scanKeys, type ScannedKeys } from './scanned-keys.js';
import { readStream } from './stream-reader.js';

/**
 * Reads what is left in a place. Needs no service, and changes nothing in Redis. It scans all keys of the servers that
 * have a shard, in small steps: not something to ask every second.
 *
 * @param options those of a client; `shards` counts only where no service or client has noted the number. `timeout`
 * is how long the connections may take
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readBacklog(options?: Whereabouts): Promise<Backlog> {
  return withPlace(options, async (place) =>
    backlogOf(place, await scanKeys(place, ['s', 'dead'])),
  );
}

/**
 * How many dead letters there are, by group; groups without any are left out.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readDeadLetters(options?: Whereabouts): Promise<Readonly<Record<string, number>>> {
  return withPlace(options, async (place) => lettersOf(await scanKeys(place, ['dead'])));
}

/** What is left in a place, as far as its keys were found. */
export async function backlogOf(place: Place, keys: ScannedKeys): Promise<Backlog> {
  return {
    shards: place.shards.length,
    streams: await streamsOf(keys),
    deadLetters: await lettersOf(keys),
    callers: await callersOf(place),
  };
}

async function streamsOf(keys: ScannedKeys): Promise<StreamBacklog[]> {
  const streams = await inParts(keys.of('s'), readStream);
  return streams.filter((stream) => stream !== undefined);
}

async function lettersOf(keys: ScannedKeys): Promise<Record<string, number>> {
  const letters: Record<string, number> = {};
  const counts = await inParts(keys.of('dead'), async ({ shard: { link, keys: of }, name }) => {
    const count = await unlessRefused(link.command('xlen', [of.dead(name)]), 0);
    return [name, numberOf(count)] as const;
  });
  for (const [group, count] of counts) {
    if (count > 0) letters[group] = (letters[group] ?? 0) + count;
  }
  return letters;
}
