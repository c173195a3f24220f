import type { Backlog } from './backlog.js';
import { callersOfPlace, type ConnectedCaller } from './callers.js';
import { withPlace, type Place, type Whereabouts } from './place.js';
import { BACKLOG_KEYS, backlogOf } from './read-backlog.js';
import { SERVICE_KEYS, servicesOf } from './read-services.js';
import { scanKeys, type ScannedKeys } from './scanned-keys.js';
import { factsOfServers, type ServerFacts } from './servers.js';
import type { LiveService } from './services.js';
import { TimeLimit } from './time-limit.js';

export const OVERVIEW_KEYS = [...BACKLOG_KEYS, ...SERVICE_KEYS] as const;

/** What Redis knows of a place at one moment. */
export interface Overview {
  readonly servers: readonly ServerFacts[];
  readonly services: readonly LiveService[];
  readonly backlog: Backlog;
  /** Undefined where Redis does not permit the question, or has more than 5,000 connections. */
  readonly callers: readonly ConnectedCaller[] | undefined;
  /** False: time was up before everything had been looked at. */
  readonly complete: boolean;
}

/**
 * Reads what Redis knows of a place: servers, services, streams, callers. Changes nothing.
 *
 * @param options those of a client
 * @param limit how long it may take; a number: milliseconds
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readOverview(
  options?: Whereabouts,
  limit: TimeLimit | number = 10_000,
): Promise<Overview> {
  const own = TimeLimit.of(limit);
  return withPlace(options, async (place) =>
    overviewOf(place, await scanKeys(place, OVERVIEW_KEYS, own), own),
  );
}

/** The same of a place that is open, as far as its keys were found. */
export async function overviewOf(
  place: Place,
  keys: ScannedKeys,
  limit: TimeLimit,
): Promise<Overview> {
  const [servers, services, backlog, callers] = await Promise.all([
    factsOfServers(place),
    servicesOf(place, keys, limit),
    backlogOf(place, keys, limit),
    callersOfPlace(place),
  ]);
  const complete = keys.complete && limit.unlooked.length === 0;
  return { servers, services, backlog, callers, complete };
}

/** What the servers of a place say about themselves. @param options those of a client */
export function readServers(options?: Whereabouts): Promise<ServerFacts[]> {
  return withPlace(options, factsOfServers);
}
