import { textsOf } from '../../answer.js';
import type { GroupPlace, ShardPlace } from '../place.js';

/** Cancellations that were left for a consumer and that it has not collected. */
export async function notices({ link, keys }: ShardPlace, consumer: string): Promise<string[]> {
  return textsOf(await link.command('lrange', [keys.inbox(consumer), '0', '-1']), 'LRANGE');
}

/** Asks the other members to look at who is here and what is left: `joined` or `left`. */
export async function nudge({ link, keys, group }: GroupPlace, text: string): Promise<void> {
  await link.command('publish', [keys.nudge(group), text]);
}

/** Asks one consumer to look for entries that it owns without knowing. */
export async function nudgeConsumer({ link, keys }: ShardPlace, consumer: string): Promise<void> {
  await link.command('publish', [keys.inbox(consumer), 'audit']);
}
