import { isEntryId } from '../protocol/limits.js';
import { listOf, numberOf, textOr, textsOf } from '../redis/answer.js';
import { run } from '../redis/operations/script.js';
import { entryHeadsScript } from '../redis/operations/entry-heads.js';
import type { PendingFilter } from './pending.js';
import { unlessRefused } from './place.js';
import type { FoundKey } from './scanned-keys.js';
import type { ShardConnection } from './shard-connection.js';
import { serviceOf } from './stream-reader.js';
import type { TimeLimit } from './time-limit.js';

/** Entries of a group that are looked at for those of a pattern, at most. */
const DEEPEST = 10_000;
/** Entries that one command lists, and whose heads one script reads: each may have a megabyte of data. */
const PAGE = 500;
const HEADS = 20;

/** An entry that is pending in a group, or was started once. */
export interface Held {
  readonly shard: ShardConnection;
  readonly stream: string;
  readonly group: string;
  readonly entry: string;
  readonly consumer: string;
  readonly heldFor: number | undefined;
  readonly deliveries: number;
}

/** Entries page by page; the last page says that it is the last. */
interface Pages {
  next(): Promise<{ readonly held: Held[]; readonly isLast: boolean }>;
}

/** What the groups of a stream hold of what is wanted, so many of each at most, the oldest first. */
export async function heldIn(
  { shard, name: stream }: FoundKey,
  filter: PendingFilter,
  most: number,
  limit: TimeLimit,
): Promise<Held[]> {
  const about = await unlessRefused(
    shard.link.command('xinfo', ['GROUPS', shard.keys.stream(stream)]),
    [],
  );
  const groups = listOf(about, 'XINFO')
    .map((group) => textsOf(group, 'XINFO')[1] ?? '')
    .filter((group) => filter.service === undefined || filter.service === serviceOf(group));
  const found: Held[] = [];
  for (const group of groups) {
    // Without a pattern the first page is enough.
    const pages = pendingPages(
      shard,
      { stream, group },
      filter.pattern === undefined ? most : PAGE,
    );
    found.push(...(await wantedOf(pages, filter, most, limit)));
  }
  const isKnown = new Set(found.map(({ group, entry }) => `${group} ${entry}`));
  const started = await wantedOf(startedPages(shard, stream), filter, most, limit);
  const isNew = ({ group, entry }: Held): boolean =>
    groups.includes(group) && !isKnown.has(`${group} ${entry}`);
  return [...found, ...started.filter(isNew)];
}

/** Goes through pages until it has enough, or has looked at as many as it may. */
async function wantedOf(
  pages: Pages,
  filter: PendingFilter,
  most: number,
  limit: TimeLimit,
): Promise<Held[]> {
  const found: Held[] = [];
  let looked = 0;
  for (;;) {
    const { held, isLast } = await pages.next();
    looked += held.length;
    found.push(...(filter.pattern === undefined ? held : await ofPattern(held, filter.pattern)));
    if (isLast || found.length >= most) return found.slice(0, most);
    if (looked < DEEPEST && !limit.isOver) continue;
    limit.note('entries that are held', looked, undefined);
    return found;
  }
}

/** Those of a pattern: in a lane others stand among them. */
async function ofPattern(held: readonly Held[], pattern: string): Promise<Held[]> {
  const found: Held[] = [];
  for (let i = 0; i < held.length; i += HEADS) {
    const some = held.slice(i, i + HEADS);
    const [{ shard, stream } = { shard: undefined, stream: '' }] = some;
    if (shard === undefined) break;
    const given = { stream: shard.keys.stream(stream), ids: some.map(({ entry }) => entry) };
    const heads = textsOf(await run(shard.link, entryHeadsScript, given), 'entry-heads');
    // Of each four texts; the second is the pattern, if it is not the name of the stream.
    found.push(...some.filter((_, place) => (heads[4 * place + 1] || stream) === pattern));
  }
  return found;
}

function pendingPages(
  shard: ShardConnection,
  { stream, group }: { readonly stream: string; readonly group: string },
  page: number,
): Pages {
  let from = '-';
  return {
    async next() {
      const about = [shard.keys.stream(stream), group, from, '+', String(page)];
      const answer = await unlessRefused(shard.link.command('xpending', about), []);
      const lines = listOf(answer, 'XPENDING').map((line) => listOf(line, 'XPENDING'));
      const held = lines.flatMap(([entry, consumer, idle, deliveries]): Held[] => {
        if (!isEntryId(entry)) return [];
        const times = { heldFor: numberOf(idle), deliveries: numberOf(deliveries) };
        return [{ shard, stream, group, entry, consumer: textOr(consumer, ''), ...times }];
      });
      const last = held.at(-1)?.entry;
      from = `(${last ?? ''}`;
      return { held, isLast: lines.length < page || last === undefined };
    },
  };
}

/** Entries that were started and may not be started again. */
function startedPages(shard: ShardConnection, stream: string): Pages {
  let cursor = '0';
  return {
    async next() {
      const step = [shard.keys.started(stream), cursor, 'COUNT', String(PAGE)];
      const answer = listOf(await unlessRefused(shard.link.command('hscan', step), []), 'HSCAN');
      cursor = textOr(answer[0], '0');
      const fields = textsOf(answer[1] ?? [], 'HSCAN');
      const held: Held[] = [];
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const [group = '', entry] = (fields[i] ?? '').split(' ');
        if (!isEntryId(entry)) continue;
        const of = { shard, stream, group, entry, consumer: fields[i + 1] ?? '' };
        held.push({ ...of, heldFor: undefined, deliveries: 1 });
      }
      return { held, isLast: cursor === '0' };
    },
  };
}
