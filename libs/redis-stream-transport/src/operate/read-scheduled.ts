import { waitingId } from '../redis/operations/scheduling/withdraw.js';
import { textsOf, numberOf } from '../redis/answer.js';
import {
  inParts,
  inTime,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Whereabouts,
} from './place.js';
import { literal, scanKeys, type FoundKey } from './scanned-keys.js';
import type {
  ScheduledCount,
  ScheduledEntry,
  ScheduledFilter,
  ScheduledPage,
} from './scheduled.js';
import { TimeLimit } from './time-limit.js';
import { waitingEntries, waitingUnder } from './waiting-entries.js';

/** Entries that are listed at most. */
const MOST = 10_000;
/** Ids that one step of a search looks at. */
const STEP = 1000;

/**
 * Reads what is due later and is in no stream yet; what is due first comes first. Changes nothing.
 *
 * @param options those of a client
 * @param most entries at most, 1 to 10,000
 * @param limit how long it may look, and what it has not looked at by then. Default: no limit
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readScheduled(
  options?: Whereabouts,
  filter: ScheduledFilter = {},
  most = 100,
  limit = new TimeLimit(),
): Promise<ScheduledPage> {
  const bound = Math.min(MOST, Math.max(1, most));
  return withPlace(options, async (place) => {
    const keys = (await scanKeys(place, ['when'], limit)).of('when');
    const found = await inTime(limit, 'streams', keys, (key) =>
      first(key, filter, bound + 1, limit),
    );
    const entries = found.flat().toSorted((one, other) => one.dueAt - other.dueAt);
    return { entries: entries.slice(0, bound), more: entries.length > bound };
  });
}

/** The first entries of a stream that fit. */
async function first(
  key: FoundKey,
  { pattern, dueFrom, dueBefore, overdue }: ScheduledFilter,
  most: number,
  limit: TimeLimit,
): Promise<ScheduledEntry[]> {
  const now = await timeOfServer(key.shard.link);
  const until = dueBefore ?? Number.POSITIVE_INFINITY;
  const span = {
    from: dueFrom ?? Number.NEGATIVE_INFINITY,
    before: overdue === true ? Math.min(until, now + 1) : until,
  };
  const found: ScheduledEntry[] = [];
  for await (const entry of waitingEntries(key, span, now, limit)) {
    if (pattern !== undefined && entry.pattern !== pattern) continue;
    found.push(entry);
    if (found.length === most) break;
  }
  return found;
}

/**
 * How much is due later, and since when it should have been added, by stream. Changes nothing.
 *
 * @param options those of a client
 * @param limit how long it may look, and what it has not looked at by then. Default: no limit
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function countScheduled(
  options?: Whereabouts,
  limit = new TimeLimit(),
): Promise<ScheduledCount[]> {
  return withPlace(options, async (place) => {
    const keys = (await scanKeys(place, ['when'], limit)).of('when');
    const counts = await inTime(limit, 'streams', keys, countOf);
    return counts.filter(({ count }) => count > 0);
  });
}

async function countOf({ shard: { link, keys, shard }, name }: FoundKey): Promise<ScheduledCount> {
  const when = keys.when(name);
  const all = [when, '-inf', '+inf'];
  const [count, next, now] = await Promise.all([
    unlessRefused(link.command('zcount', all), 0),
    unlessRefused(link.command('zrangebyscore', [...all, 'WITHSCORES', 'LIMIT', '0', '1']), []),
    timeOfServer(link),
  ]);
  const nextAt = numberOf(textsOf(next, 'ZRANGEBYSCORE')[1]);
  const overdueFor = nextAt <= now ? now - nextAt : undefined;
  return { stream: name, shard, count: numberOf(count), nextAt, overdueFor };
}

/**
 * Finds what is due later by its id. Changes nothing.
 *
 * @param options those of a client
 * @param id the message id of an event, what `onStored` was told, or the id of a call
 * @param where only what is of this pattern, which is faster; and how long it may look
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function findScheduled(
  options: Whereabouts | undefined,
  id: string,
  where: { readonly pattern?: string; readonly limit?: TimeLimit | number } = {},
): Promise<ScheduledEntry[]> {
  const limit = TimeLimit.of(where.limit ?? 10_000);
  return withPlace(options, async (place) => {
    const keys = (await scanKeys(place, ['when'], limit)).of('when');
    return waitingFor(keys, id, limit, where.pattern);
  });
}

/** What waits under an id in some streams. */
export async function waitingFor(
  keys: readonly FoundKey[],
  id: string,
  limit: TimeLimit,
  pattern?: string,
): Promise<ScheduledEntry[]> {
  const found = await inTime(limit, 'streams', keys, async (key) => {
    const now = await timeOfServer(key.shard.link);
    const ids = new Set([id, waitingId(id, pattern ?? key.name)]);
    const entries = await inParts([...ids], (one) => waitingUnder(key, one, now));
    return entries.filter((entry) => entry !== undefined);
  });
  const entries = found.flat();
  if (entries.length > 0 || pattern !== undefined) return entries.filter(fits);
  // In a lane events have the names of their patterns in their ids.
  const others = await inTime(limit, 'streams', keys, (key) => searched(key, id, limit));
  return others.flat();

  function fits(entry: ScheduledEntry): boolean {
    return pattern === undefined || entry.pattern === pattern;
  }
}

/** Where a call waits. */
export async function waitingCall(
  keys: readonly FoundKey[],
  call: string,
  limit: TimeLimit,
): Promise<ScheduledEntry[]> {
  const found = await inTime(limit, 'streams', keys, async (key) =>
    waitingUnder(key, call, await timeOfServer(key.shard.link)),
  );
  return found.filter((entry) => entry !== undefined);
}

/** Looks at all ids of a stream. */
async function searched(key: FoundKey, id: string, limit: TimeLimit): Promise<ScheduledEntry[]> {
  const { link, keys } = key.shard;
  const now = await timeOfServer(link);
  const found = new Map<string, ScheduledEntry>();
  let cursor = '0';
  do {
    const how = [cursor, 'MATCH', `*:${literal(id)}`, 'COUNT', String(STEP)];
    const answer: unknown = await unlessRefused(
      link.command('hscan', [keys.later(key.name), ...how]),
      [],
    );
    const [next, flat] = Array.isArray(answer) ? (answer as unknown[]) : [];
    const names = Array.isArray(flat) ? textsOf(flat, 'HSCAN').filter((_, i) => i % 2 === 0) : [];
    for (const name of names) {
      const entry = await waitingUnder(key, name, now);
      if (entry?.id === id) found.set(name, entry);
    }
    cursor = typeof next === 'string' ? next : '0';
    if (cursor !== '0' && limit.isOver) {
      limit.note('ids of entries that are due later', 0, 1);
      break;
    }
  } while (cursor !== '0');
  return [...found.values()];
}
