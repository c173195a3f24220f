import { MAX_REPLY_LOG_BYTES } from '../../../protocol/limits.js';
import { textOf, wordOf } from '../../answer.js';
import { LUA_ANSWER } from '../../lua/answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_PACK } from '../../lua/pack.js';
import { LUA_RESULTS } from '../../lua/results.js';
import { endedRecord } from '../../../protocol/result-record.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, send, type Line } from '../script.js';
import type { KeyedResult } from './settle-checked.js';

/** How many ids XACK, XDEL and HDEL get at once: Lua's `unpack` is limited to some thousands of values. */
export const SLICE = 1000;

/** What ends in one stream. The lists hold ids. */
export interface StreamEnds {
  readonly stream: string;
  /** To acknowledge only. */
  readonly keep: readonly string[];
  /** To acknowledge and delete. */
  readonly drop: readonly string[];
  /** Of these, what Redis has a note about: failed attempts, or deliveries that do not count. */
  readonly noted: readonly string[];
  /** Of these, what was noted as started, because it may be started once only. */
  readonly started: readonly string[];
  /** Of these, packs of whose calls something was noted, or that they were started. */
  readonly lettered?: readonly string[];
  /** Packs of which some calls end. */
  readonly packs?: readonly PackEnds[];
}

/** A pack of which some calls end. */
export interface PackEnds {
  /** What its letters are noted under. */
  readonly note: string;
  /** A letter for each of its calls. */
  readonly letters: string;
}

const NONE: readonly never[] = [];

/** What goes to one caller. */
export interface LogEnd {
  readonly caller: string;
  readonly frame: string;
  /** Milliseconds that its log is to live at least. */
  readonly ttlMs: number;
  /** The log certainly lives that long, unless it is made anew. */
  readonly livesOn?: boolean;
  /** The frame is appended although the log may be full. */
  readonly force: boolean;
}

export interface Settlement {
  /** One frame for each caller. */
  readonly logs: readonly LogEnd[];
  /** The results that are stored under idempotency keys, each with the name of what ran: `KeyedEntry.name`. */
  readonly results: readonly (KeyedResult & { readonly name: string })[];
  readonly streams: readonly StreamEnds[];
}

export type SettleAnswer =
  /**
   * `logs` are positions. With `ok`: of the logs that could not be written; with `full`: of those that are full, and
   * then nothing changed.
   */
  | { readonly kind: 'ok' | 'full'; readonly logs: readonly number[] }
  | { readonly kind: 'missing' | 'fenced' };

/**
 * Settles everything that one process has finished in one turn, in one fenced step: replies, results of idempotency
 * keys, acknowledgement, deletion, and the notes about what ends. Runs when memory is full, because finished work must
 * be able to leave. It does not look up owners: the fence says that what was read under the lease is still its
 * owner's, unless there was a doubt since (rule L11).
 *
 * `logs`, `results`, `streams`, `notes` and `lone` are numbers. After the lease come the keys of the reply logs, the
 * records of idempotency keys, the streams, the first `lone` of which have one entry to acknowledge and delete, for
 * each stream with packs the hash with the states of its packs, that with notes and that with starts, and the hashes with notes. After
 * the named arguments come, for each log: frame, life (ms), and care: 0, plus 1 to append although the log may be
 * full, plus 2 to leave its life as it is. For each result: name of the entry or call, and its record ('-': the key is
 * freed). For each of the first `lone` streams: the id. For each other stream: the number of entries to acknowledge
 * only, the number to acknowledge and delete, the number of packs, the ids of the entries in that order, and for each
 * pack its note (its id; of events, which stay for other groups, id and group) and letters. For each hash: the number of fields, and the fields. Redis decides when a pack has ended.
 *
 * Answers `ok`, followed by the positions of logs that could not be written (their entries are settled all the same:
 * one bad caller must not block a service); `missing` or `fenced` (nothing changed: the lease is gone, or another
 * owner's); or `full i…` (nothing changed: these logs are full).
 */
export const settleScript = defineScript({
  name: 'settle',
  keys: ['lease'],
  args: ['token', 'group', 'logs', 'results', 'streams', 'notes', 'lone'],
  flags: 'allow-oom',
  lua: `
${LUA_ANSWER}
${LUA_RESULTS}
${LUA_FENCE}
logs, results, streams, notes = tonumber(logs), tonumber(results), tonumber(streams), tonumber(notes)
local full = ''
for i = 1, logs do
  local at = 5 + 3 * i
  local care = ARGV[at + 2]
  if care == '0' or care == '2' then
    local used = redis.pcall('MEMORY', 'USAGE', KEYS[1 + i])
    if type(used) == 'number' and used + #ARGV[at] > ${MAX_REPLY_LOG_BYTES} then full = full .. ' ' .. i end
  end
end
if full ~= '' then return 'full' .. full end
local failed = ''
for i = 1, logs do
  local at = 5 + 3 * i
  if not answer(KEYS[1 + i], ARGV[at], ARGV[at + 1], ARGV[at + 2] >= '2') then failed = failed .. ' ' .. i end
end
local key, at = 1 + logs, 8 + 3 * logs
for i = key + 1, key + results do
  keep(KEYS[i], ARGV[at], ARGV[at + 1])
  at = at + 2
end
key = key + results
local part, pcall = key + streams, redis.pcall
lone = key + tonumber(lone)
for i = key + 1, lone do
  pcall('XACK', KEYS[i], group, ARGV[at])
  pcall('XDEL', KEYS[i], ARGV[at])
  at = at + 1
end
for i = lone + 1, key + streams do
  local stream = KEYS[i]
  local kept, dropped, packs = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local first, last = at + 3, at + 2 + kept + dropped
  for i = first, last, ${SLICE} do
    redis.pcall('XACK', stream, group, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  for i = first + kept, last, ${SLICE} do
    redis.pcall('XDEL', stream, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  at = last + 1
  -- Most settlements have no packs, and do not pay for the functions.
  if packs > 0 then
    ${LUA_PACK}
    part = part + 3
    for p = at, at + 2 * packs - 2, 2 do
      local note, letters = ARGV[p], ARGV[p + 1]
      if noteLetters(KEYS[part - 2], stream, group, note, #letters, letters) then
        local id = string.match(note, '^%S+')
        redis.pcall('XACK', stream, group, id)
        if id == note then redis.pcall('XDEL', stream, id) end
        -- Deliveries of it that do not count, and its start, are noted of the pack, not of its calls.
        redis.pcall('HDEL', KEYS[part - 1], group .. ' ' .. id)
        redis.pcall('HDEL', KEYS[part], group .. ' ' .. id)
      end
    end
  end
  at = at + 2 * packs
end
key = part
for i = key + 1, key + notes do
  local last = at + tonumber(ARGV[at])
  for f = at + 1, last, ${SLICE} do
    redis.pcall('HDEL', KEYS[i], unpack(ARGV, f, math.min(f + ${SLICE - 1}, last)))
  end
  at = last + 1
end
return 'ok' .. failed
`,
});

/** Runs for every turn with results, so the line is written in place, without an object with names. */
export function settle(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { logs, results, streams }: Settlement,
): Promise<SettleAnswer> {
  const line: Line<typeof settleScript> = [settleScript.sha, '', keys.lease(consumer)];
  for (const { caller } of logs) line.push(keys.log(caller));
  for (const { pattern, key } of results) line.push(keys.idempotency(group, pattern, key));
  for (const ends of streams) if (isLone(ends)) line.push(keys.stream(ends.stream));
  const lone = line.length - 3 - logs.length - results.length;
  for (const ends of streams) if (!isLone(ends)) line.push(keys.stream(ends.stream));
  for (const { stream, packs = NONE } of streams) {
    if (packs.length > 0) line.push(keys.part(stream), keys.due(stream), keys.started(stream));
  }
  const before = line.length;
  for (const { stream, noted, started, lettered = NONE } of streams) {
    if (noted.length > 0) line.push(keys.due(stream));
    if (started.length + lettered.length > 0) line.push(keys.started(stream));
    if (lettered.length > 0) line.push(keys.part(stream));
  }
  const notes = line.length - before;
  line[1] = String(line.length - 2);
  line.push(token, group, String(logs.length), String(results.length));
  line.push(String(streams.length), String(notes), String(lone));
  for (const { frame, ttlMs, force, livesOn = false } of logs) {
    line.push(frame, String(ttlMs), String((force ? 1 : 0) + (livesOn ? 2 : 0)));
  }
  for (const { name, digest, result } of results)
    line.push(name, result === undefined ? '-' : endedRecord(digest, result));
  for (const ends of streams) if (isLone(ends)) line.push(ends.drop[0] as string);
  for (const ends of streams) {
    if (isLone(ends)) continue;
    const { keep, drop, packs = NONE } = ends;
    line.push(String(keep.length), String(drop.length), String(packs.length));
    for (const id of keep) line.push(id);
    for (const id of drop) line.push(id);
    for (const { note, letters } of packs) line.push(note, letters);
  }
  if (notes > 0) {
    for (const { noted, started, lettered = NONE } of streams) {
      pushFields(line, noted, `${group} `);
      pushFields(line, [...started, ...lettered], `${group} `);
      pushFields(line, lettered, '');
    }
  }
  return send(link, settleScript, line).then(settleAnswer);
}

/** What the scripts answer to nearly all settlements. */
const SETTLED: SettleAnswer = { kind: 'ok', logs: [] };

/** What the script says. */
export function settleAnswer(said: unknown): SettleAnswer {
  if (said === 'ok') return SETTLED;
  const answer = textOf(said, 'settle');
  if (answer === 'missing' || answer === 'fenced') return { kind: answer };
  const [kind, ...positions] = answer.split(' ');
  const outcome = wordOf(kind, ['ok', 'full'] as const, 'settle');
  return { kind: outcome, logs: positions.map((n) => Number(n) - 1) };
}

/** One request ends there, as in most streams where there are many. Each string that Lua is given counts. */
function isLone({ keep, drop, packs = NONE }: StreamEnds): boolean {
  return drop.length === 1 && keep.length === 0 && packs.length === 0;
}

/** What notes about entries are called in their hash. @param before stands before each id */
function pushFields(line: string[], ids: readonly string[], before: string): void {
  if (ids.length === 0) return;
  line.push(String(ids.length));
  for (const id of ids) line.push(before + id);
}
