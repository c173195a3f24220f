#!lua flags=allow-oom
local lease, stream, when, streams, registry, due, part, started = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local token, name, idle = ARGV[1], ARGV[2], ARGV[3]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end


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

local known = redis.call('ZSCORE', streams, 's' .. name)
if not known or tonumber(known) > now - idle then return 'kept' end
if redis.call('EXISTS', when) == 1 then return 'kept' end
local is = redis.call('TYPE', registry).ok
if is ~= 'hash' and is ~= 'none' then return 'kept' end
if redis.call('EXISTS', stream) == 1 then
  local length = redis.pcall('XLEN', stream)
  if length ~= 0 then return 'kept' end
  local last = split(field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'))
  if last > now - idle then return 'kept' end
  for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if field(g, 'pending') > 0 then return 'kept' end
    if redis.call('HEXISTS', registry, field(g, 'name') .. ' wild') == 0 then return 'kept' end
  end
end
local fields = redis.call('HGETALL', registry)
for i = 1, #fields, 2 do
  local isGroup = string.match(fields[i + 1], '^%d+ %l')
  if isGroup and redis.call('HEXISTS', registry, fields[i] .. ' wild') == 0 then return 'kept' end
end
redis.call('DEL', stream, registry, due, part, started)
redis.call('ZREM', streams, 's' .. name)
return 'retired'