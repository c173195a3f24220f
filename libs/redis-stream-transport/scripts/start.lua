#!lua flags=allow-oom
local lease, stream, started = KEYS[1], KEYS[2], KEYS[3]
local token, group, consumer = ARGV[1], ARGV[2], ARGV[3]
local ids = {}
for i = 4, #ARGV do ids[i - 3] = ARGV[i] end
local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local flags = ''
for _, id in ipairs(ids) do
  local name = group .. ' ' .. id
  local by = redis.call('HGET', started, name)
  local mine = by == consumer
  if not by then
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    if not pending.err and #pending == 1 then
      redis.call('HSET', started, name, consumer)
      redis.call('PEXPIRE', started, 86400000)
      redis.call('XACK', stream, group, id)
      mine = true
    end
  end
  flags = flags .. (mine and '1' or '0')
end
return 'ok ' .. flags