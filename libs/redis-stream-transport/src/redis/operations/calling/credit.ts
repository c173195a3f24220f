import type { ShardPlace } from '../place.js';

/**
 * Tells a consumer how far the readers of its streams have come. It is not kept for a consumer that is away: a later
 * notice says the same and more.
 */
export async function credit(
  { link, keys }: ShardPlace,
  consumer: string,
  text: string,
): Promise<void> {
  await link.command('spublish', [keys.inbox(consumer), text]);
}
