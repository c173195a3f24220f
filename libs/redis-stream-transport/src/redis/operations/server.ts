import { textOr } from '../answer.js';
import type { Link } from '../link.js';

/** What the server does when its memory is full: `maxmemory-policy`; undefined if it does not tell. */
export async function evictionPolicy(link: Link): Promise<string | undefined> {
  const info = textOr(await link.command('info', ['memory']), '');
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
}

/**
 * Ends a blocking read of this process early; false when the connection was not blocked. Not permitted
 * to every user: then it ends by itself.
 */
export async function unblock(link: Link, clientId: number): Promise<boolean> {
  return (await link.command('client', ['unblock', String(clientId)])) === 1;
}
