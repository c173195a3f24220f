#!lua flags=allow-oom
local group, consumer, age = ARGV[1], ARGV[2], ARGV[3]
local streams = {}
for i = 1, (#KEYS - 0) / 1 do streams[i] = { stream = KEYS[1 + 1 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

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

local function delivered(stream, group)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, g in ipairs(groups) do
    if field(g, 'name') == group then return field(g, 'last-delivered-id') end
  end
end

local function following(stream, id, upTo, count)
  return id == '18446744073709551615-18446744073709551615' and {} or redis.call('XRANGE', stream, '(' .. id, upTo, 'COUNT', count)
end

for _, one in ipairs(streams) do
  local last = delivered(one.stream, group)
  local first = last and following(one.stream, last, '+', 1)[1]
  local waited = first and now - split(first[1])
  if waited and (waited < 0 or waited >= tonumber(age)) then
    return redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', one.stream, '>') or {}
  end
end
return {}