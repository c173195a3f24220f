import { textOr } from './answer.js';
import type { Link } from './link.js';

/** Name and version of the server, such as `Redis 7.2.5`; undefined if it does not say. Never rejects. */
export async function serverVersion(link: Link): Promise<string | undefined> {
  try {
    const info = textOr(await link.command('info', ['server']), '');
    const valkey = /^valkey_version:([\w.-]{1,40})/m.exec(info)?.[1];
    if (valkey !== undefined) return `Valkey ${valkey}`;
    const redis = /^redis_version:([\w.-]{1,40})/m.exec(info)?.[1];
    return redis === undefined ? undefined : `Redis ${redis}`;
  } catch {
    return undefined;
  }
}
