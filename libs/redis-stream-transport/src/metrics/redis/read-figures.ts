import { callersOf } from '../../operate/count-callers.js';
import type { Place } from '../../operate/place.js';
import type { FoundKey } from '../../operate/scanned-keys.js';
import type { ShardConnection } from '../../operate/shard-connection.js';
import { listOf, numberOf, textsOf } from '../../redis/answer.js';
import { run } from '../../redis/operations/script.js';
import { groupFiguresScript } from './group-figures.lua.js';
import { PER_GROUP, streamFiguresScript } from './stream-figures.lua.js';

/** Streams or groups that one script looks at: Redis does nothing else meanwhile, for a millisecond or so. */
const SLICE = 10;
/** Unread entries that are counted one by one, and notes of retries that are looked at. */
const COUNTED = 10;
const NOTES = 500;

/** What is left for one service in one stream. */
export interface StreamFigures {
  readonly stream: string;
  /** Undefined: nobody reads the stream, and `lag` is all that it holds. */
  readonly group: string | undefined;
  readonly lag: number;
  readonly pending: number;
  readonly retries: number;
  /** Milliseconds; 0: there is none. */
  readonly oldestUnread: number;
  readonly oldestPending: number;
}

/** What is due later in one stream. */
export interface ScheduledFigures {
  readonly stream: string;
  readonly entries: number;
  /** Milliseconds since the first of these was due; 0: none is. */
  readonly overdue: number;
}

export interface GroupFigures {
  readonly instances: number;
  readonly deadLetters: number;
}

/** What Redis knows of a place, as far as it is measured. */
export interface Figures {
  /** The groups of instances, which hear broadcasts, are given as their service, so there may be several of one. */
  readonly streams: readonly StreamFigures[];
  /** Streams for which nothing waits are left out. */
  readonly scheduled: readonly ScheduledFigures[];
  readonly groups: ReadonlyMap<string, GroupFigures>;
  readonly callers: number;
}

/** Where to look, as a scan has found it. */
export interface Found {
  /** Those for which entries are due later are among them, whether there is such a stream or not. */
  readonly streams: readonly FoundKey[];
  /** Services that have members or dead letters. */
  readonly groups: readonly string[];
}

/** Reads the figures in small steps, one after the other. */
export async function readFigures(place: Place, found: Found): Promise<Figures> {
  const streams: StreamFigures[] = [];
  const scheduled: ScheduledFigures[] = [];
  for (const shard of place.shards) {
    const here = found.streams.filter((key) => key.shard.shard === shard.shard);
    for (const part of slices(here.map(({ name }) => name))) {
      for (const [i, said] of (await streamsOf(shard, part)).entries()) {
        const name = part[i] ?? '';
        streams.push(...groupsOf(name, said));
        const waiting = scheduledOf(name, said);
        if (waiting !== undefined) scheduled.push(waiting);
      }
    }
  }
  const names = new Set(found.groups);
  for (const { group } of streams) if (group !== undefined) names.add(group);
  const groups = new Map<string, GroupFigures>();
  for (const shard of place.shards) {
    for (const part of slices([...names])) await gather(groups, shard, part);
  }
  return { streams, scheduled, groups, callers: await callersOf(place) };
}

/** What the script says of each stream. */
async function streamsOf(
  { link, keys }: ShardConnection,
  names: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const streams = names.map((name) => ({
    ...{ stream: keys.stream(name), due: keys.due(name), when: keys.when(name) },
  }));
  const answer = await run(link, streamFiguresScript, { streams, counted: COUNTED, notes: NOTES });
  return listOf(answer, 'stream-figures').map((said) => textsOf(said, 'stream-figures'));
}

/** What waits for a stream until it is due; undefined: nothing does. */
function scheduledOf(
  stream: string,
  [, count, overdue]: readonly string[],
): ScheduledFigures | undefined {
  const entries = numberOf(count);
  return entries === 0 ? undefined : { stream, entries, overdue: numberOf(overdue) };
}

function groupsOf(stream: string, [length = '', , , ...said]: readonly string[]): StreamFigures[] {
  if (length === '') return [];
  if (said.length === 0) {
    const nobody = { pending: 0, retries: 0, oldestUnread: 0, oldestPending: 0 };
    return [{ stream, group: undefined, lag: numberOf(length), ...nobody }];
  }
  const groups: StreamFigures[] = [];
  for (let i = 0; i + PER_GROUP <= said.length; i += PER_GROUP) {
    const [name = '', ...numbers] = said.slice(i, i + PER_GROUP);
    const [lag = 0, pending = 0, retries = 0, unread = 0, held = 0] = numbers.map(numberOf);
    const ages = { oldestUnread: unread, oldestPending: held };
    groups.push({ stream, group: serviceOf(name), lag, pending, retries, ...ages });
  }
  return groups;
}

/** Adds what one shard says of some groups. */
async function gather(
  groups: Map<string, GroupFigures>,
  { link, keys }: ShardConnection,
  names: readonly string[],
): Promise<void> {
  const asked = names.map((name) => ({ members: keys.members(name), dead: keys.dead(name) }));
  const answer = listOf(await run(link, groupFiguresScript, { groups: asked }), 'group-figures');
  for (const [i, said] of answer.entries()) {
    const [instances = 0, dead = 0] = textsOf(said, 'group-figures').map(numberOf);
    const name = names[i] ?? '';
    const known = groups.get(name);
    groups.set(name, {
      instances: Math.min(known?.instances ?? instances, instances),
      deadLetters: (known?.deadLetters ?? 0) + dead,
    });
  }
}

function* slices(names: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < names.length; i += SLICE) yield names.slice(i, i + SLICE);
}

/** The service of a group, which may be the group of an instance's broadcasts. */
const serviceOf = (group: string): string => group.replace(/\{.*$/s, '');
