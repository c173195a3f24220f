import { textOr } from '../answer.js';
import type { Link } from '../link.js';

/** The server's `maxmemory-policy`: what it does when its memory is full. Undefined if it does not say. */
export async function evictionPolicy(link: Link): Promise<string | undefined> {
  const info = textOr(await link.command('info', ['memory']), '');
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
}

/**
 * Ends a blocking read of this process early; false if the connection was not blocked. Not every user may do this; if
 * not, the read ends by itself.
 */
export async function unblock(link: Link, clientId: number): Promise<boolean> {
  return (await link.command('client', ['unblock', String(clientId)])) === 1;
}
