import { listOf, numberOf, textOr, textsOf } from '../redis/answer.js';
import type { Link } from '../redis/link.js';
import type { Place } from './place.js';
import { unlessRefused } from './place.js';
import type { ShardConnection } from './shard-connection.js';
import { TimeLimit } from './time-limit.js';

/** Keys that one step of a scan looks at. */
const STEP = 1000;
/** Milliseconds of Redis that a step takes, about (0.46 on a busy machine, 300,000 keys, Redis 7.0). */
const STEP_COST = 0.5;

/** Kinds of keys, as their names have them between the tag and the name. */
export type KeyKind =
  | 's'
  | 'dead'
  | 'r'
  | 'members'
  | 'live'
  | 'groups'
  | 'due'
  | 'when'
  | 'later'
  | 'started'
  | 'about'
  | 'paused'
  | 'caller';

/** A key of a shard. */
export interface FoundKey {
  readonly shard: ShardConnection;
  readonly kind: string;
  /** What follows the kind: a stream, a group, a pattern. */
  readonly name: string;
}

/** Keys of a place that were found. */
export interface ScannedKeys {
  /** Those of one kind, by their names. */
  of(kind: KeyKind): readonly FoundKey[];
  /** Tags with this prefix that none of the shards has, and how many keys have them. */
  readonly strange: ReadonlyMap<string, number>;
  /** False: time was up before all keys of the servers had been looked at. */
  readonly complete: boolean;
  /** Milliseconds of Redis that the scan took, about; of several servers, of the one that it kept busy longest. */
  readonly cost: number;
}

/** Streams, and those that are to come: entries for them are due later. */
export function streamKeys(keys: ScannedKeys): FoundKey[] {
  const streams = new Map(keys.of('when').map((key) => [`${key.shard.shard} ${key.name}`, key]));
  for (const key of keys.of('s')) streams.set(`${key.shard.shard} ${key.name}`, key);
  return [...streams.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * Finds the keys of a place: scans each server in small steps.
 *
 * @param given after which it ends with what it has; a number: milliseconds
 */
export async function scanKeys(
  place: Place,
  kinds: readonly KeyKind[],
  given: TimeLimit | number = new TimeLimit(),
): Promise<ScannedKeys> {
  const limit = TimeLimit.of(given);
  const shards = new Map(place.shards.map((shard) => [shard.keys.tag, shard]));
  const found = new Map<string, FoundKey>();
  const strange = new Map<string, number>();
  const note = (key: string): void => {
    const [, tag = '', kind = '', name = ''] = /^(\{[^}]*\}):([a-z]+):(.*)$/s.exec(key) ?? [];
    if (!(kinds as readonly string[]).includes(kind)) return;
    const shard = shards.get(tag);
    if (shard !== undefined) found.set(key, { shard, kind, name });
    else if (tag.startsWith(`{${place.prefix}:`)) strange.set(tag, (strange.get(tag) ?? 0) + 1);
  };
  const match = matching(place, kinds);
  const done = await Promise.all(
    place.servers.map((server) => scanServer(server, match, limit, note)),
  );
  const all = [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    of: (kind) => all.filter((key) => key.kind === kind),
    strange,
    complete: done.every(({ complete }) => complete),
    cost: STEP_COST * Math.max(...done.map(({ steps }) => steps)),
  };
}

/** A pattern of Redis for the keys, and some others: it knows the first letters of kinds only. */
function matching({ prefix }: Place, kinds: readonly KeyKind[]): string {
  const letters = [...new Set(kinds.map((kind) => kind[0]))].join('');
  return `{${literal(prefix)}*}:[${letters}]*`;
}

async function scanServer(
  link: Link,
  match: string,
  limit: TimeLimit,
  note: (key: string) => void,
): Promise<{ complete: boolean; steps: number }> {
  let cursor = '0';
  let steps = 0;
  do {
    const how = ['MATCH', match, 'COUNT', String(STEP)];
    const [next, keys] = listOf(await link.command('scan', [cursor, ...how]), 'SCAN');
    cursor = textOr(next, '0');
    for (const key of textsOf(keys, 'SCAN')) note(key);
    steps++;
  } while (cursor !== '0' && !limit.isOver);
  if (cursor === '0') return { complete: true, steps };
  // A step looks at about so many: Redis does not say how many it were.
  const all = await unlessRefused(link.command('dbsize', []).then(numberOf), undefined);
  const looked = steps * STEP;
  limit.note('keys', all === undefined ? looked : Math.min(looked, all - 1), all);
  return { complete: false, steps };
}

/** A text as a pattern of Redis that stands for itself only. */
export const literal = (text: string): string => text.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`);
