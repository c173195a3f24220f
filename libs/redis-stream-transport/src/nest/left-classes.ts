import type { Consumer } from '../engine/consumer/consumer.js';
import type { PatternSpec } from '../engine/consumer/intake/pattern-state.js';
import type { RateLimitedLogger } from '../engine/rate-limited-logger.js';
import { shardOf } from '../protocol/keys.js';
import { streamsOf } from '../protocol/priority.js';
import { leftForGroup } from '../redis/operations/groups/left-for-group.js';

/**
 * Says at the start that entries are left in streams of classes which the group has read before, and which this instance does
 * not read, because their patterns have no `priorities` any more: they wait, and the cleaning of another group may remove them.
 */
export async function tellLeftClasses(
  group: string,
  specs: readonly PatternSpec[],
  { shards }: Pick<Consumer, 'shards'>,
  logger: RateLimitedLogger,
): Promise<void> {
  for (const { pattern, stream, broadcast, priorities } of specs) {
    if (broadcast || priorities === true || stream !== pattern) continue;
    const shard = shards[shardOf(pattern, shards.length)];
    if (shard === undefined) continue;
    const { commands: link, keys } = shard;
    const [, ...ofClasses] = streamsOf(pattern, shards.length);
    for (const name of ofClasses) {
      // If it cannot be asked now, `doctor` still finds what is left.
      const left = await leftForGroup({ link, keys, group }, name).catch(() => 0);
      if (left === 0) continue;
      logger.error(
        `CLASS_LEFT ${name}`,
        `${left} entries are left in ${name}, a class of ${pattern}, which only instances with "priorities" read: ` +
          'start one until "drained" does not name it any more',
      );
    }
  }
}
