import { defineScript, LUA_NOW } from '../script.js';
import { LUA_IDS } from './group.lua.js';

/** Field of a registry: until when there may be requests that a group has left to another one. No group has a space. */
export const REQUESTS_UNTIL = 'requests until';

/**
 * Lua that says up to where every group has handled a stream, and notes so of this one.
 *
 * The line is the lowest id that some live group has pending or has not been given: nothing at or above it
 * goes. `eventsOnly`: no request below it can still be wanted, because no group answers requests here, none
 * that is missing for the moment did, nobody made a group by hand, and no group has left a request to
 * another one. Groups of broadcasts answer nothing.
 */
const LUA_LINE = `
local line, unread, idle, counted, eventsOnly = nil, 0, {}, {}, ARGV[2] ~= 'r'
local known = {}
local registry = redis.call('HGETALL', KEYS[2])
for i = 1, #registry, 2 do known[registry[i]] = registry[i + 1] end
local function kindOf(name)
  local seen, kind = string.match(known[name] or '', '^(%d+) (%l)')
  if kind then return kind, now - tonumber(seen) > tonumber(ARGV[3]) end
end
for _, g in ipairs(groups) do
  local name, last = field(g, 'name'), field(g, 'last-delivered-id')
  local pending, lag = field(g, 'pending'), field(g, 'lag')
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  -- A group that was made anew at its cursor may stand at the very last id of a millisecond.
  local low = tonumber(seq) < 2 ^ 53 and (ms .. '-' .. whole(tonumber(seq) + 1)) or (whole(ms + 1) .. '-0')
  if pending > 0 then low = redis.call('XPENDING', stream, name)[2] end
  local kind, isIdle = kindOf(name)
  counted[name] = true
  if name == mine then
    local cursor = last
    if pending > 0 then
      local lm, ls = split(low)
      cursor = ls > 0 and (whole(lm) .. '-' .. whole(ls - 1)) or (whole(lm - 1) .. '-18446744073709551615')
    end
    if ARGV[2] ~= 'b' then redis.call('HSET', KEYS[2], mine, whole(now) .. ' ' .. ARGV[2] .. ' ' .. cursor) end
  elseif kind and isIdle then
    counted[name] = false
    idle[#idle + 1] = name
  elseif kind and kind ~= 'e' or not kind and not string.match(name, '^[^{}]+{[^{}]+}$') then
    eventsOnly = false
  end
  if counted[name] then
    if not line or before(low, line) then line = low end
    unread = math.max(unread, lag and (lag + pending) or math.huge)
  end
end
for name in pairs(known) do
  local kind, isIdle = kindOf(name)
  if kind and kind ~= 'e' and counted[name] == nil and not isIdle then eventsOnly = false end
end
if now < (tonumber(known['${REQUESTS_UNTIL}'] or 0) or 0) then eventsOnly = false end
`;

/** Lua that lists entries that were acknowledged at their start and have not ended (rule L18). */
const LUA_STARTED = `
local running = {}
local first
for _, name in ipairs(redis.pcall('HKEYS', KEYS[3])) do
  local group, id = string.match(name, '^(.+) (%d+%-%d+)$')
  if group and counted[group] then
    first = first or (redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or { '0-0' })[1]
    if not before(id, first) then running[id] = true end
  end
end
`;

/**
 * Removes what every live group has handled, and refreshes this group's entry in the registry. Runs when
 * memory is full: that is when it is needed most.
 *
 * KEYS: stream, groups:<stream>, started:<stream>.
 * ARGV: group, kind (r: answers requests, e: events, b: broadcast), life of a group without a live instance
 * (ms), handled events to keep (or -1), age of handled events to keep (ms, or -1), entries to look at, id to
 * go on behind ('' at first), entries up to it that stayed, entries to remove unseen.
 *
 * Where there are only events, whole nodes of the stream are trimmed, which costs next to nothing. Elsewhere
 * entries are looked at page by page: expired requests go, unexpired ones never do: one that is pending
 * nowhere is an orphan, not handled. What was started once stays until it has ended, expired or not: its
 * idempotency key counts only while the entry is there. Returns { removed, more (0/1), id to go on behind or
 * '', entries up to it that stayed, names of groups that no longer count… }.
 */
export const janitorScript = defineScript(
  'janitor',
  `
${LUA_NOW}
${LUA_IDS}
local stream, mine = KEYS[1], ARGV[1]
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '0', '0', '', '0' } end
${LUA_LINE}
if not line then return { '0', '0', '', '0' } end
${LUA_STARTED}
local limit, keep, age, most = tonumber(ARGV[6]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[9])
local from, stayed = ARGV[7] == '' and '-' or '(' .. ARGV[7], tonumber(ARGV[8])
-- Large entries take time: of what the first one weighs, a script looks at a megabyte, and frees fifty.
local weight = 1
for _, entry in ipairs(redis.call('XRANGE', stream, from, '+', 'COUNT', 1)) do
  for _, text in ipairs(entry[2]) do weight = weight + #text end
end
limit = math.max(1, math.min(limit, math.floor(1e6 / weight)))
most = math.max(100, math.min(most, math.floor(5e7 / weight)))
-- Handled events go when there are more of them than are kept, or when they are too old.
local function surplus()
  if keep < 0 then return age < 0 and math.huge or 0 end
  if unread < math.huge then return redis.call('XLEN', stream) - unread - keep - stayed end
  -- The lag is unknown after deletions, so the handled entries are counted.
  return #redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', keep + limit) - keep
end

if eventsOnly then
  from, stayed = '-', 0
  for id in pairs(running) do
    if before(id, line) then line = id end
  end
  local old = line
  if age >= 0 then
    old = whole(now - age + 1) .. '-0'
    if before(line, old) then old = line end
  end
  local removed = 0
  if keep < 0 or age >= 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', old, 'LIMIT', most)
  end
  local beyond = removed == 0 and keep >= 0 and math.min(most, surplus()) or 0
  if beyond > 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', line, 'LIMIT', beyond)
  end
  if removed > 0 then return { whole(removed), '1', '', '0', unpack(idle) } end
  -- What is left below the line is a part of one node.
  if keep < 0 then
    return { whole(redis.call('XTRIM', stream, 'MINID', '=', old)), '0', '', '0', unpack(idle) }
  end
end

local above = surplus()
local look = age < 0 and math.max(0, math.min(limit, above)) or limit
local page = look >= 1 and redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', look) or {}
local gone, seen = {}, 0
for i, entry in ipairs(page) do
  local id, fields = entry[1], entry[2]
  if i > above and (age < 0 or now - split(id) < age) then break end
  seen = seen + 1
  local header = fields[1] == 'c' and fields[2] or field(fields, 'c') or ''
  local stays = running[id]
  -- Most are events, and these need no more than a look.
  if not string.find(header, ' - - ', 1, true) then
    local caller, timeout = string.match(header, '^%d+ %S+ %S+ (%S+) (%d+)')
    if caller and caller ~= '-' then stays = stays or timeout == '0' or now < split(id) + timeout end
  end
  if not stays then gone[#gone + 1] = id end
end
local ms, seq = split(gone[seen] or '0-0')
if #gone > 0 and #gone == seen and from == '-' and ms < 2 ^ 53 and seq < 2 ^ 53 then
  redis.call('XTRIM', stream, 'MINID', '=', whole(ms) .. '-' .. whole(seq + 1))
elseif #gone > 0 then
  redis.call('XDEL', stream, unpack(gone))
end
local onward = seen == limit and page[limit][1] or ''
local more = onward ~= '' and '1' or '0'
return { whole(#gone), more, onward, whole(stayed + seen - #gone), unpack(idle) }
`,
  'allow-oom',
);
