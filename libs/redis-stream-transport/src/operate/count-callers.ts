import { textsOf } from '../redis/answer.js';
import { inParts, type Place } from './place.js';
import { literal } from './scanned-keys.js';

/**
 * How many clients have called since they connected and are still there. Callers have a channel in each shard that they
 * have called in. Their ids are secrets.
 */
export async function callersOf({ shards }: Place): Promise<number> {
  const channels = await inParts(shards, async ({ link, keys }) => {
    const log = keys.log('');
    const answer = await link.command('pubsub', ['SHARDCHANNELS', `${literal(log)}*`]);
    return textsOf(answer, 'PUBSUB').map((channel) => channel.slice(log.length));
  });
  return new Set(channels.flat()).size;
}
