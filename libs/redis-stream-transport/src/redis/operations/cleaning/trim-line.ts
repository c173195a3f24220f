import { REQUESTS_UNTIL } from '../../lua/registry.js';

/**
 * Lua that finds out up to where every group has handled a stream, and notes this for its own group.
 *
 * `line` is the lowest id that a live group has pending or was not given: no entry from there on is removed.
 * `eventsOnly` says that no request below the line can still be wanted: no group answers requests here, none that is
 * missing at the moment did, no group was made by hand, and no group has left a request to another one. Groups of
 * broadcasts answer nothing. A group that has a wildcard for the stream counts before it is there. `idle` are the groups that no longer count, and `counted` those that do.
 */
export const LUA_LINE = `
local line, unread, idle, counted, eventsOnly = nil, 0, {}, {}, kind ~= 'r'
local known = {}
local registered = redis.call('HGETALL', registry)
for i = 1, #registered, 2 do known[registered[i]] = registered[i + 1] end
local function kindOf(name)
  local seen, of = string.match(known[name] or '', '^(%d+) (%l)')
  if of then return of, now - tonumber(seen) > tonumber(groupTtl) end
end
for _, g in ipairs(groups) do
  local name, last = field(g, 'name'), field(g, 'last-delivered-id')
  local pending, lag = field(g, 'pending'), field(g, 'lag')
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  -- A group that was made anew at its cursor may stand at the very last id of a millisecond.
  local low = tonumber(seq) < 2 ^ 53 and (ms .. '-' .. whole(tonumber(seq) + 1)) or (whole(ms + 1) .. '-0')
  if pending > 0 then low = redis.call('XPENDING', stream, name)[2] end
  local other, isIdle = kindOf(name)
  counted[name] = true
  if name == group then
    local cursor = last
    if pending > 0 then
      local lm, ls = split(low)
      cursor = ls > 0 and (whole(lm) .. '-' .. whole(ls - 1)) or (whole(lm - 1) .. '-18446744073709551615')
    end
    if kind ~= 'b' then redis.call('HSET', registry, group, whole(now) .. ' ' .. kind .. ' ' .. cursor) end
  elseif other and isIdle then
    counted[name] = false
    idle[#idle + 1] = name
  elseif other and other ~= 'e' or not other and not string.match(name, '^[^{}]+{[^{}]+}$') then
    eventsOnly = false
  end
  if counted[name] then
    if not line or before(low, line) then line = low end
    unread = math.max(unread, lag and (lag + pending) or math.huge)
  end
end
for name in pairs(known) do
  local other, isIdle = kindOf(name)
  if other and other ~= 'e' and counted[name] == nil and not isIdle then eventsOnly = false end
end
-- A group that has a wildcard for it and was away when the stream became known reads it from when it had that wildcard.
local since = tonumber(redis.pcall('ZSCORE', streams, 's' .. name) or '')
local marks = since and redis.pcall('ZRANGEBYSCORE', looked, '-inf', since, 'WITHSCORES', 'LIMIT', 0, 10000) or {}
for i = 1, #marks, 2 do
  local of, start = string.match(marks[i], '^(%S+) ([^*?%[\\\\]*)')
  if of and counted[of] == nil and string.sub(name, 1, #start) == start then
    local came = tonumber(redis.pcall('ZSCORE', streams, 'g' .. marks[i]) or '')
    local low = came and now - math.max(came, tonumber(marks[i + 1])) <= tonumber(groupTtl) and whole(came) .. '-0'
    if low and line and before(low, line) then line = low end
  end
end
if now < (tonumber(known['${REQUESTS_UNTIL}'] or 0) or 0) then eventsOnly = false end
`;

/** Lua: `running` are the entries that were acknowledged at their start and have not ended (rule L18). */
export const LUA_STARTED = `
local running = {}
local first
for _, name in ipairs(redis.pcall('HKEYS', started)) do
  local of, id = string.match(name, '^(.+) (%d+%-%d+)$')
  if of and counted[of] then
    first = first or (redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or { '0-0' })[1]
    if not before(id, first) then running[id] = true end
  end
end
`;
