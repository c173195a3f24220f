import { LUA_FOLLOWING } from '../redis/operations/following.js';
import { LUA_IDS } from '../redis/lua/ids.js';
import { LUA_NOW } from '../redis/lua/time.js';
import { LUA_SCHEDULED } from './scheduled.lua.js';
import { defineScript } from '../redis/operations/script.js';

/** So many entries that a group was not given are counted; of more, Redis' own number is taken. */
export const COUNTED = 10;

/**
 * Says what is left in a stream. Writes nothing.
 *
 * `counted` bounds what is counted entry by entry. About 10,000 notes of retries and starts are looked at, at most.
 *
 * Answers { length, milliseconds since the last entry came or '', the time now (ms), entries that ever came, entries that are due
 * later, milliseconds since the first of these was due or '' }, then for each group { name, milliseconds since the oldest entry came that it has not finished or '', entries that it was ever given or '',
 * entries that it was not given, pending, of these: waiting for another attempt, acknowledged and running }; {} if there is no such
 * stream, and nothing that is due later.
 */
export const streamBacklogScript = defineScript({
  name: 'stream-backlog',
  keys: ['stream', 'due', 'started', 'when'],
  args: ['counted'],
  lua: `
${LUA_NOW}
${LUA_IDS}
${LUA_FOLLOWING}
${LUA_SCHEDULED}
local later, overdue = scheduled(when)
local about = redis.pcall('XINFO', 'STREAM', stream)
if about.err then return later == '0' and {} or { '0', '', whole(now), '0', later, overdue } end
local came = split(field(about, 'last-generated-id'))
local first = (redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or { '0-0' })[1]
local length = field(about, 'length')
local said = { whole(length), came > 0 and whole(math.max(0, now - came)) or '', whole(now),
  whole(field(about, 'entries-added')), later, overdue }
-- Both are hashes whose fields begin with a group and an entry.
local function notes(key)
  local scanned = redis.pcall('HSCAN', key, '0', 'COUNT', 10000)
  return scanned.err and {} or scanned[2]
end
local waiting, running, oldest = {}, {}, {}
local function older(group, id)
  local at = id and split(id)
  if at and (not oldest[group] or at < oldest[group]) then oldest[group] = at end
end
local retries, starts = notes(due), notes(started)
for i = 1, #retries, 2 do
  local group = string.match(retries[i], '^(%S+) ')
  local at = tonumber(string.match(retries[i + 1], '^%d+'))
  if group and at and at > now then waiting[group] = (waiting[group] or 0) + 1 end
end
for i = 1, #starts, 2 do
  local group, id = string.match(starts[i], '^(%S+) (%d+%-%d+)')
  if group and length > 0 and not before(id, first) then
    running[group] = (running[group] or 0) + 1
    older(group, id)
  end
end
for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local name, lag = field(g, 'name'), field(g, 'lag')
  -- Redis does not know its lag, or is wrong about it, when unread entries were deleted.
  local after = following(stream, field(g, 'last-delivered-id'), '+', counted)
  local unread, pending = #after, field(g, 'pending')
  if unread > 0 then older(name, after[1][1]) end
  if pending > 0 then older(name, redis.call('XPENDING', stream, name)[2]) end
  if unread == tonumber(counted) and lag then unread = math.max(unread, math.min(lag, length)) end
  said[#said + 1] = name
  said[#said + 1] = oldest[name] and whole(math.max(0, now - oldest[name])) or ''
  local given = field(g, 'entries-read')
  said[#said + 1] = given and whole(given) or ''
  for _, number in ipairs({ unread, pending, waiting[name] or 0, running[name] or 0 }) do
    said[#said + 1] = whole(number)
  end
end
return said
`,
});
