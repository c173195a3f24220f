import type { Backlog } from './backlog.js';
import { callersOfPlace, type ConnectedCaller } from './callers.js';
import { withPlace, type Whereabouts } from './place.js';
import { backlogOf } from './read-backlog.js';
import { SERVICE_KEYS, servicesOf } from './read-services.js';
import { scanKeys } from './scanned-keys.js';
import { factsOfServers, type ServerFacts } from './servers.js';
import type { LiveService } from './services.js';

/** What Redis knows of a place at one moment. */
export interface Overview {
  readonly servers: readonly ServerFacts[];
  readonly services: readonly LiveService[];
  readonly backlog: Backlog;
  /** Undefined where Redis does not permit the question, or has more than 5,000 connections. */
  readonly callers: readonly ConnectedCaller[] | undefined;
  /** False: time was up before all keys had been found. */
  readonly complete: boolean;
}

/**
 * Reads what Redis knows of a place: servers, services, streams, callers. Changes nothing.
 *
 * @param options those of a client
 * @param limit milliseconds that the search for keys may take
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readOverview(options?: Whereabouts, limit = 10_000): Promise<Overview> {
  return withPlace(options, async (place) => {
    const keys = await scanKeys(place, ['s', 'dead', ...SERVICE_KEYS], limit);
    const [servers, services, backlog, callers] = await Promise.all([
      factsOfServers(place),
      servicesOf(place, keys),
      backlogOf(place, keys),
      callersOfPlace(place),
    ]);
    return { servers, services, backlog, callers, complete: keys.complete };
  });
}

/** What the servers of a place say about themselves. @param options those of a client */
export function readServers(options?: Whereabouts): Promise<ServerFacts[]> {
  return withPlace(options, factsOfServers);
}
