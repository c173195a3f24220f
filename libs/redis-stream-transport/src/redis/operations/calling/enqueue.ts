import { LUA_BACKLOG } from '../../lua/backlog.js';
import { LUA_BATCH_AGE, LUA_CALLER_RECORD, RECORD_LIFE } from '../../lua/caller-record.js';
import { LUA_CLASSES } from '../../lua/classes.js';
import { LUA_ERROR_TOKEN } from '../../lua/error-token.js';
import { LUA_HEARD } from '../../lua/heard.js';
import { LUA_SCHEDULE } from '../../lua/schedule.js';
import { LUA_BECOME_KNOWN } from '../../lua/known.js';
import { LUA_NOW } from '../../lua/time.js';
import { parseVerdict, type EnqueueAnswer } from '../../verdict.js';
import type { CallerPlace } from '../place.js';
import { defineScript, type Line } from '../script.js';
import { pushKeys, pushSections, type BatchSection } from './sections.js';

/** Milliseconds after which a batch is refused that was on its way all the time (rule L3). */
export const MAX_BATCH_AGE = 2000;

export interface Batch {
  readonly epoch: number;
  readonly number: number;
  /** Version of the content: a repeat may have fewer entries than the first copy. */
  readonly version: number;
  readonly incarnation: string;
  /** The sender's estimate of the time of Redis, in milliseconds. */
  readonly stamp: number;
  /** Frames below this id are no longer needed; '' for none. */
  readonly trim: string;
  /** Whether the life of the record begins anew. Default: true. */
  readonly renew?: boolean;
  readonly sections: readonly BatchSection[];
}

/**
 * Stores one batch of a caller: everything that it sent in one turn of its event loop. Idempotent by (epoch, number).
 * Clients in other languages send it too (docs/protocol.md), so the order of keys and arguments is part of the wire.
 *
 * `stamp` is the sender's estimate of the time (ms), and `maxAge` how old it may be (ms). `life` is that of the record
 * (ms), or '' to leave it as it is. `cap` bounds the backlog of a stream. The log is trimmed below `trim`; '' for not
 * at all.
 *
 * After the named keys come, for each section, its stream and live:<pattern>. After the named arguments come, for each
 * section, its mode (0 store, 1 fail, 2 grace; with p after it, whether all take packs is answered, with q
 * whether all who hear the stream take packs of events; with r, the length of the stream is not looked at; with c, of calls, or e, of events, one more key is the stream of a class, which they go to
 * if all who read the first one read it too; with n, the stream of the pattern becomes known where the key `streams` exists, which is found
 * by that of the incarnation), wide (0/1/2/3/4/5), the number of entries and the entries: two values each, or
 * with wide = 1 the number of strings and the field list, or with wide = 5 once the header that all have, and the data of each. With wide = 2 each entry has a key of its own, its stream, and
 * nothing is looked at; wide = 3 is the same with field lists. Calls to many patterns are mostly such entries, and each
 * string that Lua is given counts. With wide = 4 it is one entry that waits until it is due: the keys are later:<stream>,
 * when:<stream>, the stream and sent:…, with c or e then live:<pattern> and the three of the class, and the strings are its id, when it is due ('': now), for how long another one with
 * the same sent:… adds nothing (ms; 0: it is not looked at), and the field list.
 *
 * Answers one line: `ok now version tokens…` or `done now version tokens…` (a repeat: nothing added,
 * the verdict as it was), `done now ?` (older than the kept verdicts), `stale now`, `gap now e q`,
 * `old now e q`, `inc now id`. A token per section, and per entry with wide = 2 or 3: `firstId:count`, `~` before it if it did not go to its class; `^` after it if
 * the stream is more than a tenth full; `*n` if it was asked how many take packs, with `/k` after it if all of them announce a
 * spread, of k or more; and `!CODE` if the entries
 * after the first `count` were refused. After the code `E` comes Redis' error, percent-encoded.
 *
 * Failure: an error before the first write changes nothing; after it nothing raises (every call is
 * protected), so a batch is never applied in part without its verdict saying so.
 */
export const enqueueScript = defineScript({
  name: 'enqueue',
  keys: ['record', 'incarnation', 'log'],
  args: [
    'epoch',
    'number',
    'version',
    'meant',
    'stamp',
    'maxAge',
    'life',
    'cap',
    'trim',
    'sections',
  ],
  lua: `
${LUA_NOW}
${LUA_CALLER_RECORD}
${LUA_BATCH_AGE}
local answer = judge()
if answer then return answer end
cap = tonumber(cap)

${LUA_BACKLOG}
${LUA_ERROR_TOKEN}
local tokens, told, at, key, pcall, isRead, scheduled, becomeKnown, heardBy = {}, 0, 11, 4, redis.pcall
for s = 1, tonumber(sections) do
  -- What is asked for once in a while stands after the mode. Most sections are unmeasured and ask for nothing.
  local mode, wide, rule, streams = ARGV[at], ARGV[at + 1]
  if #mode > 1 and mode ~= '0r' then
    rule = string.match(mode, '[ce]', 2)
    -- It is no key of the script: who may not read it stores all the same.
    streams = string.find(mode, 'n', 2, true) and string.sub(incarnation, 1, -12) .. 'streams'
  end
  if rule and not isRead then
    ${LUA_CLASSES}
  end
  if streams and not becomeKnown then
    ${LUA_BECOME_KNOWN}
  end
  if wide == '2' or wide == '3' then
    local last = key + tonumber(ARGV[at + 2]) - 1
    at = at + 3
    for k = key, last do
      local id
      if wide == '2' then
        id = pcall('XADD', KEYS[k], '*', 'c', ARGV[at], 'd', ARGV[at + 1])
        at = at + 2
      else
        local to = at + tonumber(ARGV[at])
        id = pcall('XADD', KEYS[k], '*', unpack(ARGV, at + 1, to))
        at = to + 1
      end
      told = told + 1
      tokens[told] = type(id) == 'string' and id .. ':1' or '-:0' .. error_of(id)
    end
    key = last + 1
  elseif wide == '4' then
    if not scheduled then
      ${LUA_SCHEDULE}
    end
    local strings, sent, where = tonumber(ARGV[at + 3]), KEYS[key + 3], ''
    local own, last = KEYS[key + 2], key + 3
    if rule then
      last = key + 7
      if isRead(rule, KEYS[last], own, KEYS[key + 4], streams) then key = key + 5 else where = '~' end
    end
    if streams then becomeKnown(streams, own) end
    told = told + 1
    tokens[told] = where .. scheduled(KEYS[key], KEYS[key + 1], KEYS[key + 2], sent,
      ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], at + 7, at + 3 + strings)
    key, at = last + 1, at + 4 + strings
  else
    local own, live = KEYS[key], KEYS[key + 1]
    local stream = own
    key, told = key + 2, told + 1
    local asks, asksHeard, measures, where = false, false, true, ''
    if mode == '0r' then
      mode, measures = '0', false
    elseif #mode > 1 then
      asks, measures = string.find(mode, 'p', 2, true), not string.find(mode, 'r', 2, true)
      asksHeard = string.find(mode, 'q', 2, true)
      if rule then
        if isRead(rule, KEYS[key], own, live, streams) then stream = KEYS[key] else where = '~' end
        key = key + 1
      end
      mode = string.sub(mode, 1, 1)
    end
    local n, header = tonumber(ARGV[at + 2])
    at = at + 3
    if wide == '5' then header, at = ARGV[at], at + 1 end
    local refused, room = '', n
    if mode == '1' then
      local count = redis.pcall('ZCOUNT', live, whole(now), '+inf')
      if type(count) == 'table' then refused = error_of(count) elseif count == 0 then refused = '!NONE' end
    elseif mode == '2' then
      if redis.pcall('EXISTS', live) == 0 then refused = '!NEVER' end
    end
    local filling = ''
    if refused ~= '' then
      room = 0
    elseif measures then
      local len = redis.pcall('XLEN', stream)
      if type(len) == 'table' then
        room, refused = 0, error_of(len)
      elseif 10 * (len + n) > cap then
        filling = '^'
        if len + n > cap then
          len = backlog(stream, len)
          if len + n > cap then room, refused = math.max(0, cap - len), '!FULL' end
        end
      end
    end
    local first, added = '-', 0
    -- Redis 7.0 lets its clock run on inside a script, so the ids after the first keep its time.
    local nextId = '*'
    for i = 1, n do
      local id
      if header then
        if i <= room then id = pcall('XADD', stream, nextId, 'c', header, 'd', ARGV[at]) end
        at = at + 1
      elseif wide == '0' then
        if i <= room then id = pcall('XADD', stream, nextId, 'c', ARGV[at], 'd', ARGV[at + 1]) end
        at = at + 2
      else
        local strings = tonumber(ARGV[at])
        if i <= room then id = pcall('XADD', stream, nextId, unpack(ARGV, at + 1, at + strings)) end
        at = at + 1 + strings
      end
      if i <= room then
        if type(id) == 'table' then
          room, refused = 0, error_of(id)
        else
          if added == 0 then
            first = id
            if n > 1 then nextId = string.match(id, '^%d+%-') .. '*' end
          end
          added = added + 1
        end
      end
    end
    if streams and added > 0 then becomeKnown(streams, own) end
    local takers = ''
    if asksHeard then
      if not heardBy then
        ${LUA_HEARD}
      end
      takers = '*' .. heardBy(own)
    end
    if asks then
      local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
      local spread
      if not members.err then takers = #members end
      for _, member in ipairs(members.err and {} or members) do
        -- One that takes none is enough, and so is one that reads one stream only.
        if not string.match(member, '^%S+ %S+ packs') then takers = 0 end
        local streams = tonumber(string.match(member, '^%S+ %S+ .-spread=(%d+)') or 1)
        spread = math.min(spread or streams, streams)
      end
      if takers ~= '' then takers = '*' .. takers end
      if spread and spread > 1 then takers = takers .. '/' .. whole(spread) end
    end
    tokens[told] = where .. first .. ':' .. added .. filling .. takers .. refused
  end
end
local verdict = version .. ' ' .. table.concat(tokens, ' ')
-- Memory that is full refuses the first write of a script and no later one: either the first XADD, and
-- then this as well, or nothing.
remember(verdict)
if life ~= '' then redis.call('PEXPIRE', record, life) end
if trim ~= '' then redis.pcall('XTRIM', log, 'MINID', trim) end
return 'ok ' .. whole(now) .. ' ' .. verdict
`,
});

/**
 * Sends one numbered batch. NOSCRIPT is an error answer like any other: the batches after this one were refused too, so
 * the sender repeats them all in order.
 *
 * This runs for every turn with calls, so the line is written in place, without an object with names.
 */
export async function enqueue(
  { link, keys, recordKey, logKey }: CallerPlace,
  batch: Batch,
  maxBacklog: number,
): Promise<EnqueueAnswer> {
  const { sections } = batch;
  const line: Line<typeof enqueueScript> = [
    enqueueScript.sha,
    '',
    recordKey,
    keys.incarnation(),
    logKey,
  ];
  for (const section of sections) pushKeys(line, keys, section);
  line[1] = String(line.length - 2);
  line.push(
    String(batch.epoch),
    String(batch.number),
    String(batch.version),
    batch.incarnation,
    String(Math.floor(batch.stamp)),
    String(MAX_BATCH_AGE),
    batch.renew === false ? '' : String(RECORD_LIFE),
    String(maxBacklog),
    batch.trim,
  );
  pushSections(line, sections);
  return parseVerdict(await link.command('evalsha', line));
}
