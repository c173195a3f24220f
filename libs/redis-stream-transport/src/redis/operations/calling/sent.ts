import type { CallerPlace } from '../place.js';

/** Field of a caller's record that says which patterns it sends. */
export const SENT_FIELD = 'sends';

/** Says which patterns a caller sends. Only while its record is there, which gives the field its life. */
export async function noteSent({ link, recordKey }: CallerPlace, text: string): Promise<void> {
  await link.command('hset', [recordKey, SENT_FIELD, text]);
}
