#!lua flags=allow-oom
local lease, stream, due, part = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, consumer = ARGV[1], ARGV[2], ARGV[3]
local ids = {}
for i = 4, #ARGV do ids[i - 3] = ARGV[i] end
local function noted(due, group, id)
  local note = redis.pcall('HGET', due, group .. ' ' .. id)
  return type(note) == 'string' and note or ''
end



local function packed(entry)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'c' then
      local n, caller = string.match(entry[2][i + 1], '^1 pack%.%S+ (%d+) (%S+)')
      return math.min(64, tonumber(n) or 0), caller == '-'
    end
  end
  return 0, false
end

local function knownOf(entry)
  local n, shared = packed(entry)
  if n == 0 then return '' end
  local known = redis.pcall('HGET', part, shared and entry[1] .. ' ' .. group or entry[1])
  local found = { type(known) == 'string' and known or '' }
  for i = 1, n do found[i + 1] = noted(due, group, entry[1] .. '#' .. string.format('%.0f', i - 1)) end
  return found
end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

local entries, deliveries, notes, packs = {}, {}, {}, {}
for _, id in ipairs(ids) do
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
  if not pending.err and #pending == 1 then
    local found = redis.call('XRANGE', stream, id, id)
    if #found == 1 then
      local n = #entries + 1
      entries[n] = found[1]
      deliveries[n] = string.format('%.0f', pending[1][4])
      notes[n] = noted(due, group, id)
      packs[n] = knownOf(found[1])
    else
      redis.call('XACK', stream, group, id)
      redis.pcall('HDEL', due, group .. ' ' .. id)
    end
  end
end
return { 'ok', entries, deliveries, notes, packs }