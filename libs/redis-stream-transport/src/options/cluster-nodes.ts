import type { RedisOptions } from 'ioredis';
import { invalid, isObject, type Place } from './option.js';
import { parseRedisUrl } from './redis-url.js';

/** Where one node of a Cluster is, and what is particular to the connection to it. */
export interface NodeAddress extends RedisOptions {
  readonly host: string;
  readonly port: number;
}

const LOCAL = '127.0.0.1';
const PORT = 6379;
const WANTED = 'a port, "host:port", a redis:// URL or { host, port }';

/**
 * Reads a node of a Cluster as ioredis does: a port, a text, or options with `host` and `port`.
 *
 * @throws RedisStreamsError INVALID_OPTION
 */
export function readNode(raw: unknown, name: string, place: Place): NodeAddress {
  if (isObject(raw)) {
    const { host = LOCAL, port = PORT, db: _, ...others } = raw as RedisOptions;
    return Object.freeze({ ...others, host: hostOf(host), port: portOf(port) });
  }
  if (typeof raw === 'number' || (typeof raw === 'string' && /^\d+$/.test(raw))) {
    return Object.freeze({ host: LOCAL, port: portOf(raw) });
  }
  if (typeof raw !== 'string' || raw === '') throw invalid(place, name, WANTED, raw);
  const url = raw.includes('://') ? raw : `redis://${raw}`;
  const {
    host = LOCAL,
    port = PORT,
    username,
    password,
    family,
    tls,
  } = parseRedisUrl(url, place, name);
  const given = { username, password, family, tls };
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.freeze({ ...own, host, port });

  function hostOf(host: unknown): string {
    if (typeof host === 'string' && host !== '') return host;
    throw invalid(place, `${name}.host`, 'the name or address of a host', host);
  }

  function portOf(port: unknown): number {
    const number = Number(port);
    if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
    throw invalid(place, `${name}.port`, 'a whole number from 1 to 65535', port);
  }
}
