import { textsOf } from '../../answer.js';
import type { GroupPlace, ShardPlace } from '../place.js';

/** Cancellations that were left for a consumer and that it has not collected yet. */
export async function notices({ link, keys }: ShardPlace, consumer: string): Promise<string[]> {
  return textsOf(await link.command('lrange', [keys.inbox(consumer), '0', '-1']), 'LRANGE');
}

/** Tells the other members that this one has `joined` or `left`, so that they look at the group again. */
export async function nudge({ link, keys, group }: GroupPlace, text: string): Promise<void> {
  await link.command('spublish', [keys.nudge(group), text]);
}

/** Asks a consumer to look for entries that are pending under it and that it does not know of. */
export async function nudgeConsumer({ link, keys }: ShardPlace, consumer: string): Promise<void> {
  await link.command('spublish', [keys.inbox(consumer), 'audit']);
}
