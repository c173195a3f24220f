#!lua flags=allow-oom
local stream, registry, incarnation = KEYS[1], KEYS[2], KEYS[3]
local needed = {}
for i = 4, #KEYS do needed[i - 3] = KEYS[i] end
local group, kind, history, fresh, consumer, from = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local function renewed(incarnation, fresh)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local known = redis.call('HMGET', incarnation, 'id', 'run', 'born')
  if known[1] and known[2] == run then return known[1], known[3] end
  redis.call('HSET', incarnation, 'id', fresh, 'run', run, 'born', whole(now))
  return fresh, whole(now)
end


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


local function registered(registry, group)
  local value = redis.call('HGET', registry, group)
  if value and string.match(value, '^%d+ %l') then return value end
end
local function notFor(registry, group)
  local since = redis.call('HGET', registry, group .. ' since') or redis.call('HGET', registry, group .. '/since')
  if since and string.match(since, '^%d+%-%d+$') then return since end
end


local function lookUpTo(incarnation, id)
  local known = tonumber(redis.call('HGET', incarnation, 'look') or 0) or 0
  local ms = split(id)
  if ms > known then redis.call('HSET', incarnation, 'look', string.format('%.0f', ms)) end
end

local function wrong(key, type)
  local is = redis.call('TYPE', key).ok
  if is ~= type and is ~= 'none' then return { 'wrong', key, is } end
end
local isWild = (from or '') ~= ''
local other = wrong(stream, 'stream') or wrong(registry, 'hash')
for _, key in ipairs(needed) do other = other or wrong(key, 'hash') end
if other then return other end
local function list()
  if consumer ~= '' then redis.call('XGROUP', 'CREATECONSUMER', stream, group, consumer) end
end
if not isWild then redis.call('HDEL', registry, group .. ' wild') end
local existed = redis.call('EXISTS', stream) == 1
local groups = existed and redis.call('XINFO', 'GROUPS', stream) or {}
local others, left = 0, nil
for _, g in ipairs(groups) do
  if field(g, 'name') == group then
    list()
    return { 'had', notFor(registry, group) or '' }
  end
  others = others + 1
  local upTo = string.match(redis.call('HGET', registry, field(g, 'name') .. ' wild') or '', '^e %d+ (%d+%-%d+)$')
  if upTo and (not left or before(left, upTo)) then left = upTo end
end
local known = registered(registry, group)
local start, since = '0', notFor(registry, group) or ''
if not known and others > 0 and kind == 'r' and history == '0' then
  since = isWild and from or field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id')
  redis.call('HSET', registry, group .. ' since', since)
end
if kind == 'b' then
  start = '$'
elseif known then
  local cursor = string.match(known, ' (%d+%-%d+)$')
  if existed and cursor and not before(field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'), cursor) then
    start = cursor
  end
elseif others > 0 and kind == 'e' and history == '0' then
  start = isWild and from or '$'
elseif left and kind == 'r' and not isWild then
  start = left
end
-- From here on "never delivered" may be said of an entry that was delivered by the lost group. One that a wildcard brings, and
-- that was never registered, has delivered nothing: new streams come all the time, and take nothing from what is known of others.
if existed and start ~= '$' and (known or not isWild) then
  renewed(incarnation, fresh)
  redis.call('HSET', incarnation, 'id', fresh)
  -- Packs that it is given may hold calls that the lost group has ended.
  lookUpTo(incarnation, field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'))
end
redis.call('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')
list()
if kind ~= 'b' then
  if isWild and not known and redis.call('HEXISTS', registry, group .. ' wild') == 0 then
    redis.call('HSET', registry, group .. ' wild', kind .. ' ' .. whole(now))
  end
  redis.call('HSET', registry, group, whole(now) .. ' ' .. kind .. ' 0-0')
end
return { known and 'lost' or 'new', since }