import { RedisStreamsError } from '../../errors.js';
import type { ClientRedisStreams } from '../../nest/client-redis-streams.js';
import { asked, serversOf } from '../../operate/open-place.js';
import { SERVICE_KEYS, servicesOf } from '../../operate/read-services.js';
import { scanKeys } from '../../operate/scanned-keys.js';
import type { LiveService } from '../../operate/services.js';
import { TimeLimit } from '../../operate/time-limit.js';

/** A pattern that live instances serve, with a contract or without. */
export interface ServedPattern {
  readonly pattern: string;
  /** `message`: it is answered. `event`: it is heard; where it shares a lane, the lane has its place. */
  readonly kind: 'message' | 'event';
  /** The service: the group of its servers. */
  readonly group: string;
  /** Live instances: that answer it, or of the group that hears it. */
  readonly instances: number;
}

/**
 * What all services serve, by pattern, then by group. Looks through the keys of Redis, with the connections of a client.
 *
 * @param within milliseconds
 * @throws RedisStreamsError TIMEOUT: not all had been looked at by then; REDIS, NOT_CONNECTED
 */
export async function servedPatterns(
  client: ClientRedisStreams,
  within: number,
): Promise<ServedPattern[]> {
  const limit = new TimeLimit(within);
  const own = await client.shards();
  const shards = own.map(({ commands, keys }, shard) => ({ link: commands, keys, shard }));
  const place = { prefix: prefixOf(own), shards, servers: serversOf(shards) };
  const services = await asked(async () =>
    servicesOf(place, await scanKeys(place, SERVICE_KEYS, limit), limit),
  );
  if (limit.unlooked.length > 0) throw new RedisStreamsError('TIMEOUT', `patterns: ${limit.text}`);
  return services.flatMap(patternsOf).toSorted(byPattern);
}

/** The tag of the first shard is the prefix. */
const prefixOf = ([first]: Awaited<ReturnType<ClientRedisStreams['shards']>>): string =>
  first?.keys.tag.slice(1, -1) ?? '';

function patternsOf({ service: group, instances, answers, hears }: LiveService): ServedPattern[] {
  if (instances.length === 0) return [];
  return [
    ...answers.map(({ pattern, instances: count }) => {
      return { pattern, kind: 'message' as const, group, instances: count };
    }),
    ...hears.map((pattern) => {
      return { pattern, kind: 'event' as const, group, instances: instances.length };
    }),
  ];
}

function byPattern(one: ServedPattern, other: ServedPattern): number {
  if (one.pattern !== other.pattern) return one.pattern < other.pattern ? -1 : 1;
  return one.group < other.group ? -1 : 1;
}
