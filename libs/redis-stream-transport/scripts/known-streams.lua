#!lua flags=allow-oom
local streams = KEYS[1]
local from, after, count = ARGV[1], ARGV[2], ARGV[3]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

-- As Redis orders members, whatever the locale.
local function upTo(a, b)
  for i = 1, math.min(#a, #b) do
    local one, other = string.byte(a, i), string.byte(b, i)
    if one ~= other then return one < other end
  end
  return #a <= #b
end
local low = redis.call('ZCOUNT', streams, '-inf', '(' .. from)
local high = after == '' and low or low + redis.call('ZCOUNT', streams, from, from)
while low < high do
  local middle = math.floor((low + high) / 2)
  if upTo(redis.call('ZRANGE', streams, middle, middle)[1], after) then low = middle + 1 else high = middle end
end
local known = redis.call('ZRANGE', streams, low, low + count - 1, 'WITHSCORES')
local last = known[#known - 1] or ''
-- All that begin like one that is too long come before this.
if #last > 4097 then last = string.sub(last, 1, 4097) .. '\244\143\191\191' end
for i = 1, #known, 2 do
  local name = known[i]
  local isStream = #name <= 4097 and string.sub(name, 1, 1) == 's'
  known[i] = isStream and string.sub(name, 2) or ''
end
return { whole(now), last, unpack(known) }