local dead, stream, replayed = KEYS[1], KEYS[2], KEYS[3]
local letter, cap, life = ARGV[1], ARGV[2], ARGV[3]
local fields = {}
for i = 4, #ARGV do fields[i - 3] = ARGV[i] end
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

local note = redis.call('GET', replayed)
if note then return 'ok ' .. note end
if #redis.call('XRANGE', dead, letter, letter) == 0 then return 'gone' end
local most, len = tonumber(cap), redis.call('XLEN', stream)
if len >= most and backlog(stream, len) >= most then return 'full' end
local id = redis.call('XADD', stream, '*', unpack(fields))
redis.call('SET', replayed, id, 'PX', life)
redis.call('XDEL', dead, letter)
return 'ok ' .. id