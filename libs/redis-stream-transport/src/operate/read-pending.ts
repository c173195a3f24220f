import { compareIds, timeOf } from '../protocol/entry.js';
import { callIdOf } from '../protocol/header.js';
import { eventsIn } from '../protocol/pack.js';
import { numberOf, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import { entryHeadsScript } from '../redis/operations/entry-heads.js';
import type { PendingEntry, PendingFilter, PendingPage } from './pending.js';
import { heldIn, type Held } from './held-entries.js';
import {
  inParts,
  inTime,
  timeOfServer,
  unlessRefused,
  withPlace,
  type Whereabouts,
} from './place.js';
import { processOf } from './process-of.js';
import { scanKeys } from './scanned-keys.js';
import { serviceOf } from './stream-reader.js';
import { TimeLimit } from './time-limit.js';

/** Entries that are looked at together. */
const TOGETHER = 20;

/**
 * Reads what instances hold and what waits for another attempt, the oldest first. Changes nothing.
 *
 * @param options those of a client
 * @param most entries at most, 1 to 1,000
 * @param limit how long it may look, and what it has not looked at by then. Default: no limit. Of a pattern that shares a
 * stream with others, 10,000 entries of each group are looked at in any case at most
 * @throws RedisStreamsError INVALID_OPTION, NOT_CONNECTED, REDIS
 */
export function readPending(
  options?: Whereabouts,
  filter: PendingFilter = {},
  most = 100,
  limit = new TimeLimit(),
): Promise<PendingPage> {
  const bound = Math.min(1000, Math.max(1, most));
  return withPlace(options, async (place) => {
    const keys = await scanKeys(place, ['s'], limit);
    const held = (
      await inTime(limit, 'streams', keys.of('s'), (key) => heldIn(key, filter, bound + 1, limit))
    ).flat();
    held.sort((one, other) => compareIds(one.entry, other.entry));
    const entries: PendingEntry[] = [];
    let i = 0;
    while (i < held.length && entries.length <= bound && !limit.isOver) {
      const some = await inParts(held.slice(i, i + TOGETHER), entryOf);
      i += TOGETHER;
      entries.push(...some.filter((one) => one !== undefined).filter((one) => fits(one, filter)));
    }
    if (entries.length <= bound) limit.note('entries', Math.min(i, held.length), held.length);
    return { entries: entries.slice(0, bound), more: entries.length > bound };
  });
}

const fits = ({ pattern, age }: PendingEntry, filter: PendingFilter): boolean =>
  (filter.pattern === undefined || filter.pattern === pattern) && age >= (filter.olderThan ?? 0);

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
  const size = members === '' ? eventsIn(header) : members.split(',').length;
  const note = await noteOf(held, size);
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
