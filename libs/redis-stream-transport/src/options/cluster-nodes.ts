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
    if (typeof host !== 'string' || host === '') {
      throw invalid(place, `${name}.host`, 'the name or address of a host', host);
    }
    return Object.freeze({ ...others, host, port: readPort(port, name, place) });
  }
  if (typeof raw === 'number' || (typeof raw === 'string' && /^\d+$/.test(raw))) {
    return Object.freeze({ host: LOCAL, port: readPort(raw, name, place) });
  }
  if (typeof raw !== 'string' || raw === '') throw invalid(place, name, WANTED, raw);
  const url = raw.includes('://') ? raw : `redis://${raw}`;
  const { path: _, db: __, ...address } = parseRedisUrl(url, place, name);
  return Object.freeze({ host: LOCAL, port: PORT, ...address });
}

function readPort(raw: unknown, name: string, place: Place): number {
  const port = Number(raw);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw invalid(place, `${name}.port`, 'a whole number from 1 to 65535', raw);
}
