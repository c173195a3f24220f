import { listOf, textOr, textsOf } from '../redis/answer.js';
import type { Finding } from './finding.js';
import { inTime, unlessRefused, type Place } from './place.js';
import { registry } from './read-services.js';
import type { FoundKey, KeyKind, ScannedKeys } from './scanned-keys.js';
import { serviceOf } from './stream-reader.js';
import type { TimeLimit } from './time-limit.js';

/** Types that keys of a kind have. */
const TYPES: Readonly<Record<KeyKind, string>> = {
  s: 'stream',
  dead: 'stream',
  r: 'stream',
  members: 'zset',
  live: 'zset',
  groups: 'hash',
  due: 'hash',
  when: 'zset',
  later: 'hash',
  started: 'hash',
  about: 'hash',
  paused: 'hash',
  caller: 'hash',
};
const KINDS = Object.keys(TYPES) as KeyKind[];
/** Keys that are looked at. */
const MOST = 10_000;

/** What is wrong with keys: of another type, in shards that there are not, groups that nobody has registered. */
export async function judgeKeys(
  place: Place,
  keys: ScannedKeys,
  limit: TimeLimit,
): Promise<Finding[]> {
  const all = KINDS.flatMap((kind) => keys.of(kind));
  limit.note('types of keys', 0, Math.max(0, all.length - MOST));
  const judge = async ({ shard, kind, name }: FoundKey): Promise<Finding[]> => {
    const key = `${shard.keys.tag}:${kind}:${name}`;
    const type = textOr(await shard.link.command('type', [key]), '');
    const wanted = TYPES[kind as KeyKind];
    if (type === wanted || type === 'none') return [];
    return [
      {
        ...{ severity: 'error', code: 'WRONG_TYPE', about: key },
        found: `it is a ${type}, and should be a ${wanted}: another program uses the key`,
        advice: 'find out who writes it, and delete it; or use another prefix',
      },
    ];
  };
  const findings = await inTime(limit, 'types of keys', all.slice(0, MOST), judge);
  for (const [tag, count] of keys.strange) {
    findings.push([
      {
        ...{ severity: 'warning', code: 'STRANGE_KEYS', about: tag },
        found: `there is no such shard among ${place.shards.length}; keys: ${count}`,
        advice: 'they are left from another number of shards, or another application; delete them',
      },
    ]);
  }
  findings.push(...(await inTime(limit, 'groups of streams', keys.of('s'), unregistered)));
  return findings.flat();
}

/** Groups that the registry of a stream does not have. */
async function unregistered({ shard, name }: ReturnType<ScannedKeys['of']>[number]) {
  const { link, keys } = shard;
  const about = await unlessRefused(link.command('xinfo', ['GROUPS', keys.stream(name)]), []);
  const groups = listOf(about, 'XINFO').map((group) => textsOf(group, 'XINFO')[1] ?? '');
  if (groups.length === 0) return [];
  const known = new Set((await registry(shard, name)).map(([group]) => group));
  return groups
    .filter((group) => !known.has(group) && serviceOf(group) === group)
    .map((group): Finding => ({
      severity: 'note',
      code: 'UNREGISTERED_GROUP',
      about: `${name}, ${group}`,
      found: 'no instance of the library made this group; events stay until it has read them',
      advice: 'fine for a reader of your own; else XGROUP DESTROY',
    }));
}
