import { MOST_PAUSES, pausesIn } from '../protocol/pause.js';
import { listOf, textsOf } from '../redis/answer.js';
import type { Paused, PausedInstance, PausedPattern } from './paused.js';
import {
  inParts,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Place,
  type Whereabouts,
} from './place.js';
import { processOf } from './process-of.js';
import { scanKeys, type ScannedKeys } from './scanned-keys.js';

/**
 * Reads which patterns and instances are paused. Changes nothing.
 *
 * @param options those of a client
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readPaused(options?: Whereabouts): Promise<Paused> {
  return withPlace(options, async (place) => pausedOf(place, await scanKeys(place, ['paused'])));
}

/** What is paused, as far as its keys were found. Each shard notes it. */
export async function pausedOf(place: Place, keys: ScannedKeys): Promise<Paused> {
  const patterns = new Map<string, PausedPattern>();
  const instances = new Map<string, PausedInstance>();
  const [first] = place.shards;
  const now = first === undefined ? 0 : await timeOfServer(first.link);
  await inParts(keys.of('paused'), async ({ name: service, shard }) => {
    // One step finds all that may be there.
    const step = [shard.keys.paused(service), '0', 'COUNT', String(5 * MOST_PAUSES)];
    const answer = listOf(await unlessRefused(shard.link.command('hscan', step), []), 'HSCAN');
    const noted = pausesIn(textsOf(answer[1] ?? [], 'HSCAN'));
    for (const [pattern, pause] of noted.patterns) {
      if (pause.until !== undefined && pause.until <= now) continue;
      patterns.set(`${service} ${pattern}`, { service, pattern, ...pause });
    }
    for (const [consumer, { at, until, reason }] of noted.instances) {
      if (until !== undefined && until <= now) continue;
      const instance = processOf(consumer);
      instances.set(`${service} ${instance}`, { service, instance, at, until, reason });
    }
  });
  const sorted = <T>(found: ReadonlyMap<string, T>): T[] =>
    [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
  return { patterns: sorted(patterns), instances: sorted(instances) };
}
