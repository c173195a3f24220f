import { compareIds, timeOf } from '../protocol/entry.js';
import { callIdOf } from '../protocol/header.js';
import { isEntryId } from '../protocol/limits.js';
import { listOf, numberOf, textOr, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import { entryHeadsScript } from './entry-heads.lua.js';
import type { PendingEntry, PendingFilter, PendingPage } from './pending.js';
import { inParts, timeOfServer, unlessRefused, withPlace, type Whereabouts } from './place.js';
import { processOf } from './process-of.js';
import { scanKeys } from './scanned-keys.js';
import type { ShardConnection } from './shard-connection.js';
import { serviceOf } from './stream-reader.js';

/** Entries whose heads one script reads: each may have a megabyte of data. */
const HEADS = 20;

/** An entry that is pending in a group, or was started once. */
interface Held {
  readonly shard: ShardConnection;
  readonly stream: string;
  readonly group: string;
  readonly entry: string;
  readonly consumer: string;
  readonly heldFor: number | undefined;
  readonly deliveries: number;
}

/**
 * Reads what instances hold and what waits for another attempt, the oldest first. Changes nothing.
 *
 * @param options those of a client
 * @param limit entries at most, 1 to 1,000
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readPending(
  options?: Whereabouts,
  filter: PendingFilter = {},
  limit = 100,
): Promise<PendingPage> {
  return withPlace(options, async (place) => {
    const keys = await scanKeys(place, ['s']);
    const most = Math.min(1000, Math.max(1, limit));
    const held = (
      await inParts(keys.of('s'), ({ shard, name }) => heldIn(shard, name, filter, most + 1))
    ).flat();
    held.sort((one, other) => compareIds(one.entry, other.entry));
    const entries: PendingEntry[] = [];
    for (let i = 0; i < held.length && entries.length <= most; i += HEADS) {
      const some = await inParts(held.slice(i, i + HEADS), entryOf);
      entries.push(...some.filter((one) => one !== undefined).filter((one) => fits(one, filter)));
    }
    return { entries: entries.slice(0, most), more: entries.length > most };
  });
}

const fits = ({ pattern, age }: PendingEntry, filter: PendingFilter): boolean =>
  (filter.pattern === undefined || filter.pattern === pattern) && age >= (filter.olderThan ?? 0);

/** What the groups of a stream hold, so many of each at most, the oldest first. */
async function heldIn(
  shard: ShardConnection,
  stream: string,
  filter: PendingFilter,
  most: number,
): Promise<Held[]> {
  const { link, keys } = shard;
  const key = keys.stream(stream);
  const about = await unlessRefused(link.command('xinfo', ['GROUPS', key]), []);
  const groups = listOf(about, 'XINFO')
    .map((group) => textsOf(group, 'XINFO')[1] ?? '')
    .filter((group) => filter.service === undefined || filter.service === serviceOf(group));
  const found: Held[] = [];
  for (const group of groups) {
    const pending = link.command('xpending', [key, group, '-', '+', String(most)]);
    for (const line of listOf(await unlessRefused(pending, []), 'XPENDING')) {
      const [entry, consumer, idle, deliveries] = listOf(line, 'XPENDING');
      if (!isEntryId(entry)) continue;
      found.push({
        ...{ shard, stream, group, entry, consumer: textOr(consumer, '') },
        ...{ heldFor: numberOf(idle), deliveries: numberOf(deliveries) },
      });
    }
  }
  const pendingAlready = new Set(found.map(({ group, entry }) => `${group} ${entry}`));
  for (const [name, consumer] of await startedIn(shard, stream, most)) {
    const [group = '', entry] = name.split(' ');
    if (!groups.includes(group) || !isEntryId(entry) || pendingAlready.has(name)) continue;
    found.push({ shard, stream, group, entry, consumer, heldFor: undefined, deliveries: 1 });
  }
  return found;
}

/** Entries that were started and may not be started again, with their consumers. */
async function startedIn({ link, keys }: ShardConnection, stream: string, most: number) {
  const scan = link.command('hscan', [keys.started(stream), '0', 'COUNT', String(most)]);
  const fields = textsOf(listOf(await unlessRefused(scan, ['0', []]), 'HSCAN')[1], 'HSCAN');
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) pairs.push([fields[i] ?? '', fields[i + 1] ?? '']);
  return pairs;
}

/** Undefined if the entry is gone. */
async function entryOf(held: Held): Promise<PendingEntry | undefined> {
  const { shard, stream, group, entry, consumer, heldFor, deliveries } = held;
  const { link, keys } = shard;
  const service = serviceOf(group);
  const heads = run(link, entryHeadsScript, { stream: keys.stream(stream), ids: [entry] });
  const [answer, now, lease] = await Promise.all([
    heads,
    timeOfServer(link),
    unlessRefused(link.command('zscore', [keys.members(service), consumer]), null),
  ]);
  const [header = '', pattern = '', , members = ''] = textsOf(answer, 'entry-heads');
  if (header === '') return undefined;
  const calls = callsOf(header, members);
  const note = await noteOf(held, members === '' ? 0 : members.split(',').length);
  const alive = numberOf(lease) > now;
  const waits = note.dueAt !== undefined && note.dueAt > now;
  const state = heldFor === undefined ? 'started' : waits ? 'retry' : alive ? 'held' : 'orphaned';
  return {
    ...{ service, group, stream, pattern: pattern === '' ? stream : pattern, entry, calls },
    ...{
      state,
      consumer,
      instance: processOf(consumer),
      age: Math.max(0, now - timeOf(entry)),
      heldFor,
      deliveries,
    },
    ...{ attempts: note.attempts, dueAt: waits ? note.dueAt : undefined },
  };
}

/** Ids of the calls of an entry, as logs have them. */
export function callsOf(header: string, members: string): string[] {
  const [, , call = '-', caller = '-'] = header.split(' ', 4);
  if (caller === '-') return [];
  const calls = members === '' ? [call] : members.split(',');
  return calls.map((one) => callIdOf(caller, one));
}

/** What is noted of attempts: of a pack, the latest of its calls. */
async function noteOf({ shard, stream, group, entry }: Held, calls: number) {
  const { link, keys } = shard;
  const names = [entry, ...Array.from({ length: Math.min(64, calls) }, (_, i) => `${entry}#${i}`)];
  const fields = names.map((name) => `${group} ${name}`);
  const notes = await unlessRefused(link.command('hmget', [keys.due(stream), ...fields]), []);
  let dueAt: number | undefined;
  let attempts = 0;
  for (const note of textsOf(notes, 'HMGET')) {
    const [due = 0, failed = 0] = note.split(' ').map(numberOf);
    if (due > 0) dueAt = Math.max(dueAt ?? 0, due);
    attempts = Math.max(attempts, failed);
  }
  return { dueAt, attempts };
}
