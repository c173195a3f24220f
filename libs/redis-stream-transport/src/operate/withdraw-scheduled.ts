import { waitingId, withdraw } from '../redis/operations/scheduling/withdraw.js';
import { withPlace, type Whereabouts } from './place.js';
import type { ScheduledEntry } from './scheduled.js';

/** Entries that one script takes back. */
const TOGETHER = 100;

/**
 * Takes back what is due later, as `cancelScheduled` of a client does. Who made a call learns of it at its deadline.
 *
 * @param options those of a client
 * @returns for each of them whether it still waited
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function withdrawScheduled(
  options: Whereabouts | undefined,
  entries: readonly Pick<ScheduledEntry, 'id' | 'pattern' | 'stream' | 'shard'>[],
): Promise<boolean[]> {
  return withPlace(options, async ({ shards }) => {
    const done = entries.map(() => false);
    for (const { link, keys, shard } of shards) {
      const here = entries.flatMap((entry, at) => (entry.shard === shard ? [{ entry, at }] : []));
      for (let i = 0; i < here.length; i += TOGETHER) {
        const some = here.slice(i, i + TOGETHER);
        const asked = some.flatMap(({ entry: { id, pattern, stream } }) => {
          const sent = { pattern, messageId: id };
          const entry = { stream, due: 0, words: '', sent };
          return [
            { ...entry, id: waitingId(id, pattern) },
            { ...entry, id },
          ];
        });
        const words = await withdraw({ link, keys }, asked);
        for (const [k, { at }] of some.entries()) {
          done[at] = words[2 * k] === 'withdrawn' || words[2 * k + 1] === 'withdrawn';
        }
      }
    }
    return done;
  });
}
