import { FIELD } from '../protocol/entry.js';
import { parseHeader } from '../protocol/header.js';
import { isTexts, readJson } from '../protocol/json.js';
import { numberOf, textsOf } from '../redis/answer.js';
import { unlessRefused } from './place.js';
import type { FoundKey } from './scanned-keys.js';
import type { ScheduledEntry } from './scheduled.js';
import type { TimeLimit } from './time-limit.js';

/** Ids that are read at once. */
const PAGE = 500;
/** Entries that are read first, and characters that should be read at once: each entry may have a megabyte. */
const FIRST = 10;
const READ = 262_144;

/** An id that waits, and when it is due (ms since 1970). */
export interface WaitingId {
  readonly id: string;
  readonly dueAt: number;
}

/** When entries are due, in milliseconds since 1970; infinite: at any time. */
export interface DueSpan {
  readonly from: number;
  readonly before: number;
}

export const EVER: DueSpan = {
  from: Number.NEGATIVE_INFINITY,
  before: Number.POSITIVE_INFINITY,
};

/** What waits for a stream, in the order in which it is due, with the time of Redis `now`. Page by page. */
export async function* waitingEntries(
  key: FoundKey,
  span: DueSpan,
  now: number,
  limit: TimeLimit,
): AsyncGenerator<ScheduledEntry, void, undefined> {
  let width = FIRST;
  for await (const ids of waitingIds(key, span)) {
    for (let next = 0; next < ids.length;) {
      if (limit.isOver) {
        limit.note('entries that are due later', next, ids.length);
        return;
      }
      const some = ids.slice(next, next + width);
      next += some.length;
      const texts = await textsUnder(key, some);
      const size = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
      for (const [at, text] of texts.entries()) {
        if (text !== undefined) yield readWaiting(key, some[at] as WaitingId, text, now);
      }
      width = Math.max(1, Math.min(PAGE, Math.floor((READ * some.length) / (size + 1))));
    }
  }
}

/** Those that leave meanwhile do not make it miss others: each page begins at the last time of the one before. */
async function* waitingIds({ shard, name }: FoundKey, { from, before }: DueSpan) {
  const { link, keys } = shard;
  const max = before === Number.POSITIVE_INFINITY ? '+inf' : `(${before}`;
  let min = from === Number.NEGATIVE_INFINITY ? '-inf' : String(from);
  /** Of the time at which the next page begins. */
  let met = new Set<string>();
  for (;;) {
    const count = PAGE + met.size;
    const how = [keys.when(name), min, max, 'WITHSCORES', 'LIMIT', '0', String(count)];
    const said = textsOf(
      await unlessRefused(link.command('zrangebyscore', how), []),
      'ZRANGEBYSCORE',
    );
    const ids: WaitingId[] = [];
    for (let i = 0; i + 1 < said.length; i += 2) {
      ids.push({ id: said[i] ?? '', dueAt: numberOf(said[i + 1]) });
    }
    const news = ids.filter(({ id }) => !met.has(id));
    if (news.length > 0) yield news;
    const last = ids.at(-1)?.dueAt;
    if (last === undefined || ids.length < count) return;
    met = new Set(ids.filter(({ dueAt }) => dueAt === last).map(({ id }) => id));
    min = String(last);
  }
}

async function textsUnder({ shard, name }: FoundKey, ids: readonly WaitingId[]) {
  const { link, keys } = shard;
  const under = [keys.later(name), ...ids.map(({ id }) => id)];
  const answer: unknown = await unlessRefused(link.command('hmget', under), []);
  const texts = Array.isArray(answer) ? (answer as unknown[]) : [];
  return ids.map((_, i) => (typeof texts[i] === 'string' ? texts[i] : undefined));
}

/** What waits under an id; undefined: nothing does. */
export async function waitingUnder(
  key: FoundKey,
  id: string,
  now: number,
): Promise<ScheduledEntry | undefined> {
  const { link, keys } = key.shard;
  const when = await unlessRefused(link.command('zscore', [keys.when(key.name), id]), null);
  if (when === null) return undefined;
  const waiting = { id, dueAt: numberOf(when) };
  const [text] = await textsUnder(key, [waiting]);
  return text === undefined ? undefined : readWaiting(key, waiting, text, now);
}

/** The parts of the id of an event with a message id, see `waitingId`; undefined if it is none. */
function parseWaitingId(
  id: string,
): { readonly pattern: string; readonly messageId: string } | undefined {
  const [start = '', length] = /^(\d{1,4}):/.exec(id) ?? [];
  const end = start.length + Number(length);
  if (length === undefined || id[end] !== ':') return undefined;
  return { pattern: id.slice(start.length, end), messageId: id.slice(end + 1) };
}

/** @param text its fields, as JSON */
function readWaiting(
  { shard: { shard }, name: stream }: FoundKey,
  { id, dueAt }: WaitingId,
  text: string,
  now: number,
): ScheduledEntry {
  const list = readJson(text);
  const fields = new Map<string, string>();
  const texts = list.ok && Array.isArray(list.value) ? (list.value as unknown[]) : [];
  for (let i = 0; i + 1 < texts.length; i += 2) {
    const [field, value] = texts.slice(i, i + 2);
    if (typeof field === 'string' && typeof value === 'string' && !fields.has(field)) {
      fields.set(field, value);
    }
  }
  const header = parseHeader(fields.get(FIELD.header) ?? '');
  const isRead = typeof header !== 'string';
  const named = parseWaitingId(id);
  const data = fields.get(FIELD.data);
  const value = isRead && header.codec === 'json' && data ? readJson(data) : undefined;
  const headers = readJson(fields.get(FIELD.headers) ?? '');
  return {
    id: named?.messageId ?? id,
    kind: !isRead ? 'unreadable' : header.call === undefined ? 'event' : 'call',
    pattern: named?.pattern ?? fields.get(FIELD.pattern) ?? stream,
    ...{ stream, shard, dueAt, overdueFor: dueAt <= now ? now - dueAt : undefined },
    headers: headers.ok && isTexts(headers.value) ? headers.value : {},
    data: value?.ok === true ? value.value : undefined,
    text: isRead ? data : text,
  };
}
