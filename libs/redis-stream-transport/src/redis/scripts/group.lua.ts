import { defineScript, LUA_NOW } from '../script.js';
import { LUA_INCARNATION } from './incarnation.lua.js';

const LUA_IDS = `
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am < bm or (am == bm and as < bs)
end
local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
end
`;

/**
 * Lua that reads the registry of a stream. A group has no white space in its name, so the field of what it
 * is not given is nobody's name. Earlier versions wrote `<group>/since`, which may be: an id is no
 * registration, nor the other way round.
 */
export const LUA_REGISTRY = `
local function registered(registry, group)
  local value = redis.call('HGET', registry, group)
  if value and string.match(value, '^%d+ %l') then return value end
end
local function notFor(registry, group)
  local since = redis.call('HGET', registry, group .. ' since') or redis.call('HGET', registry, group .. '/since')
  if since and string.match(since, '^%d+%-%d+$') then return since end
end
`;

/**
 * Makes sure that a group exists on a stream (rules L19, L20).
 *
 * A lost group is recreated at its stored cursor, else at 0, never at the end. A new group begins at 0
 * when the stream has none yet or when it answers requests; only further groups of pure event services
 * begin at the end, and the groups of broadcasts always do.
 *
 * KEYS: stream, groups:<stream>, incarnation.
 * ARGV: group, kind (r: answers requests, e: events, b: broadcast), history (0/1), fresh incarnation id,
 * consumer ('' for none), which is listed from then on: who hands a request over must know who reads the stream.
 * Returns { 'wrong', key, type } when something else stands under the name of the stream or its registry, or
 * { 'had' | 'new' | 'lost' (it had been registered before), since }: events up to `since` were
 * there before the group and are not for it; '' for none. A service that answers requests must begin at
 * 0, so that no request is missed, and acknowledges those events unrun.
 */
export const groupScript = defineScript(
  'group',
  `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
${LUA_REGISTRY}
for i, type in ipairs({ 'stream', 'hash' }) do
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= type and is ~= 'none' then return { 'wrong', KEYS[i], is } end
end
local function list()
  if ARGV[5] ~= '' then redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[5]) end
end
local existed = redis.call('EXISTS', KEYS[1]) == 1
local groups = existed and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}
local others = 0
for _, g in ipairs(groups) do
  if field(g, 'name') == ARGV[1] then
    list()
    return { 'had', notFor(KEYS[2], ARGV[1]) or '' }
  end
  others = others + 1
end
local known = registered(KEYS[2], ARGV[1])
local start, since = '0', notFor(KEYS[2], ARGV[1]) or ''
if not known and others > 0 and ARGV[2] == 'r' and ARGV[3] == '0' then
  since = field(redis.call('XINFO', 'STREAM', KEYS[1]), 'last-generated-id')
  redis.call('HSET', KEYS[2], ARGV[1] .. ' since', since)
end
if ARGV[2] == 'b' then
  start = '$'
elseif known then
  local cursor = string.match(known, ' (%d+%-%d+)$')
  if existed and cursor and not before(field(redis.call('XINFO', 'STREAM', KEYS[1]), 'last-generated-id'), cursor) then
    start = cursor
  end
elseif others > 0 and ARGV[2] == 'e' and ARGV[3] == '0' then
  start = '$'
end
-- From here on "never delivered" may be said of an entry that was delivered by the lost group.
if existed and start ~= '$' then
  incarnation(KEYS[3], ARGV[4])
  redis.call('HSET', KEYS[3], 'id', ARGV[4])
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], start, 'MKSTREAM')
list()
if ARGV[2] ~= 'b' then
  redis.call('HSET', KEYS[2], ARGV[1], whole(now) .. ' ' .. ARGV[2] .. ' 0-0')
end
return { known and 'lost' or 'new', since }
`,
);

/**
 * Removes what every live group has handled, and refreshes this group's entry in the registry.
 *
 * KEYS: stream, groups:<stream>, started:<stream>.
 * ARGV: group, kind, life of a group without a live instance (ms), handled events to keep (or -1), age
 * of handled events to keep (ms, or -1), entries to look at, id to go on behind ('' at first), entries
 * up to it that stayed.
 *
 * The line is the lowest id that some live group has pending or has not been given; nothing at or above
 * it goes. Below it expired requests go, unexpired ones never do: one that is pending nowhere is
 * stranded, not handled. Returns { removed, id to go on behind or '', entries up to it that stayed,
 * names of groups that no longer count… }.
 */
export const janitorScript = defineScript(
  'janitor',
  `
${LUA_NOW}
${LUA_IDS}
${LUA_REGISTRY}
local stream, mine = KEYS[1], ARGV[1]
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '0', '', '0' } end
local line, unread, idle = nil, 0, {}
for _, g in ipairs(groups) do
  local name, last = field(g, 'name'), field(g, 'last-delivered-id')
  local pending, lag = field(g, 'pending'), field(g, 'lag')
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  -- A group that was made anew at its cursor may stand at the very last id of a millisecond.
  local low = tonumber(seq) < 2 ^ 53 and (ms .. '-' .. whole(tonumber(seq) + 1)) or (whole(ms + 1) .. '-0')
  if pending > 0 then low = redis.call('XPENDING', stream, name)[2] end
  local known = registered(KEYS[2], name)
  local counts = true
  if name == mine then
    local cursor = last
    if pending > 0 then
      local lm, ls = split(low)
      cursor = ls > 0 and (whole(lm) .. '-' .. whole(ls - 1)) or (whole(lm - 1) .. '-18446744073709551615')
    end
    redis.call('HSET', KEYS[2], mine, whole(now) .. ' ' .. ARGV[2] .. ' ' .. cursor)
  elseif known then
    local seen = tonumber(string.match(known, '^%d+') or now)
    if now - seen > tonumber(ARGV[3]) then
      counts = false
      idle[#idle + 1] = name
    end
  end
  if counts then
    if not line or before(low, line) then line = low end
    unread = math.max(unread, lag and (lag + pending) or math.huge)
  end
end
if not line then return { '0', '', '0' } end
-- Handled events go when there are more of them than are kept, or when they are too old.
local limit, keep, age = tonumber(ARGV[6]), tonumber(ARGV[4]), tonumber(ARGV[5])
local from, stayed = ARGV[7] == '' and '-' or '(' .. ARGV[7], tonumber(ARGV[8])
local surplus = math.huge
if keep >= 0 then
  if unread < math.huge then
    surplus = redis.call('XLEN', stream) - unread - keep - stayed
  else
    -- The lag is unknown after deletions, so the handled entries are counted.
    surplus = #redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', keep + limit) - keep
  end
elseif age >= 0 then
  surplus = 0
end
local page = redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', limit)
local removed, seen = 0, 0
for i, entry in ipairs(page) do
  local id, added = entry[1], split(entry[1])
  local old = age >= 0 and now - added >= age
  if i > surplus and not old then break end
  seen = seen + 1
  local header = field(entry[2], 'c') or ''
  local caller, timeout = string.match(header, '^%d+ %S+ %S+ (%S+) (%d+)')
  local live = caller and caller ~= '-' and (timeout == '0' or now < added + timeout)
  if not live then
    removed = removed + redis.call('XDEL', stream, id)
    redis.call('HDEL', KEYS[3], mine .. ' ' .. id)
  end
end
local onward = seen == limit and page[limit][1] or ''
return { whole(removed), onward, whole(stayed + seen - removed), unpack(idle) }
`,
);

/**
 * Destroys the group of a broadcast whose consumer is gone; never one that is registered, because that is
 * a service.
 * KEYS: the consumer's lease, stream, groups:<stream>. ARGV: group, tombstone, force (1: it is my own).
 * Returns 1 if it was destroyed.
 */
export const dropGroupScript = defineScript(
  'drop-group',
  `
if ARGV[3] ~= '1' and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 0 end
return redis.pcall('XGROUP', 'DESTROY', KEYS[2], ARGV[1]) == 1 and 1 or 0
`,
  'allow-oom',
);

export { LUA_IDS };
