import { RedisStreamsError } from '../errors.js';
import type { Place } from './option.js';

/** The parts of an address that it gives. */
export interface RedisAddress {
  host?: string;
  port?: number;
  path?: string;
  db?: number;
  family?: number;
  username?: string;
  password?: string;
  tls?: object;
}

/**
 * Reads `redis://`, `rediss://` (TLS) and the path of a Unix socket. The texts of errors never repeat the address,
 * because it may hold a password.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function parseRedisUrl(url: unknown, place: Place, option = 'url'): RedisAddress {
  const fail = (reason: string): never => {
    const form = 'redis://user:password@host:port/db, rediss://… or /path/of.sock';
    const told = `${place.owner}: option "${option}" must be like ${form}: ${reason}.`;
    throw new RedisStreamsError('INVALID_OPTION', told);
  };
  if (typeof url !== 'string') return fail('it must be a text');
  if (/^\/[^/]/.test(url)) return { path: url };
  if (!/^rediss?:\/\//i.test(url)) return fail('it has another scheme, or none');
  if (!URL.canParse(url)) return fail('are special characters in it percent-encoded?');

  const { hostname, port, username, password, protocol, pathname, searchParams } = new URL(url);
  const address: RedisAddress = {};
  // A URL needs the brackets of an IPv6 address, but a socket takes the address without them.
  if (hostname !== '') address.host = hostname.replace(/^\[|\]$/g, '');
  if (port !== '') address.port = Number(port);
  if (username !== '') address.username = decode(username);
  if (password !== '') address.password = decode(password);
  if (protocol === 'rediss:') address.tls = {};
  if (!/^(\/\d{0,9})?$/.test(pathname)) fail('after the host stands the database number');
  if (pathname.length > 1) address.db = Number(pathname.slice(1));
  for (const [name, value] of searchParams) {
    const isNumber = /^\d{1,9}$/.test(value);
    if (isNumber && name === 'family') address.family = Number(value);
    else if (isNumber && name === 'db' && address.db === undefined) address.db = Number(value);
    else fail(`the query part "${name}" is not supported; give it as an option`);
  }
  return address;
}

/** Decodes a part of a URL, or leaves it as it is: passwords are often pasted without being encoded. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
