local dead, stream, replayed, streams = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local letter, cap, life, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local fields = {}
for i = 5, #ARGV do fields[i - 4] = ARGV[i] end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


-- What no live group has finished: handled events above the trim line do not count.
local function backlog(stream, len)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err or #groups == 0 then return len end
  local worst = 0
  for _, g in ipairs(groups) do
    local pending, lag = 0, nil
    for f = 1, #g, 2 do
      if g[f] == 'pending' then pending = g[f + 1] elseif g[f] == 'lag' then lag = g[f + 1] end
    end
    if not lag then return len end
    if pending + lag > worst then worst = pending + lag end
  end
  return worst
end


local function makeKnown(streams, name)
  if redis.pcall('EXISTS', streams) ~= 1 then return end
  if redis.pcall('ZADD', streams, 'NX', whole(now), 's' .. name) == 1 then redis.pcall('SPUBLISH', streams, name) end
end

local note = redis.call('GET', replayed)
if note then return 'ok ' .. note end
if #redis.call('XRANGE', dead, letter, letter) == 0 then return 'gone' end
local most, len = tonumber(cap), redis.call('XLEN', stream)
if len >= most and backlog(stream, len) >= most then return 'full' end
local id = redis.call('XADD', stream, '*', unpack(fields))
redis.call('SET', replayed, id, 'PX', life)
redis.call('XDEL', dead, letter)
if name ~= '' then makeKnown(streams, name) end
return 'ok ' .. id