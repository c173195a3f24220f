import { numberOf, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import type { GroupBacklog, StreamBacklog } from './backlog.js';
import type { FoundKey } from './scanned-keys.js';
import type { ShardConnection } from './shard-connection.js';
import { COUNTED, streamBacklogScript } from './stream-backlog.lua.js';

/** Texts that the script says of each group. */
const PER_GROUP = 7;

/** What is left in a stream; undefined if it went meanwhile, or is of another type. */
export async function readStream({ shard, name }: FoundKey): Promise<StreamBacklog | undefined> {
  const { link, keys } = shard;
  const answer = await run(link, streamBacklogScript, {
    ...{ stream: keys.stream(name), due: keys.due(name), started: keys.started(name) },
    ...{ when: keys.when(name), counted: COUNTED },
  });
  const [length, quietFor, now = '', added, scheduled, overdue, ...said] = textsOf(
    answer,
    'stream-backlog',
  );
  if (length === undefined) return undefined;
  const groups: Promise<GroupBacklog>[] = [];
  for (let i = 0; i + PER_GROUP <= said.length; i += PER_GROUP) {
    groups.push(readGroup(shard, now, said.slice(i, i + PER_GROUP)));
  }
  return {
    ...{ stream: name, shard: shard.shard, length: numberOf(length), added: numberOf(added) },
    ...{ scheduled: numberOf(scheduled), overdueFor: optional(overdue) },
    quietFor: optional(quietFor),
    groups: await Promise.all(groups),
  };
}

async function readGroup(
  { link, keys }: ShardConnection,
  now: string,
  [group = '', oldest, given, ...counts]: readonly string[],
): Promise<GroupBacklog> {
  const [unread = 0, pending = 0, retries = 0, running = 0] = counts.map(numberOf);
  const service = serviceOf(group);
  const living = [keys.members(service), now, '+inf'];
  const instances = numberOf(await link.command('zcount', living));
  const known = { oldestFor: optional(oldest), given: optional(given) };
  return { group, instances, unread, pending, retries, running, ...known };
}

/** The service of a group, which may be the group of an instance's broadcasts. */
export const serviceOf = (group: string): string => group.replace(/\{.*$/s, '');

const optional = (text: string | undefined): number | undefined =>
  text === undefined || text === '' ? undefined : numberOf(text);
