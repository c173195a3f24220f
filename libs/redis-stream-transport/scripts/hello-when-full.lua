#!lua flags=allow-oom
local incarnation = KEYS[1]
local fresh = ARGV[1]
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

local probe = redis.pcall('PERSIST', incarnation)
if type(probe) == 'table' and string.sub(probe.err or '', 1, 8) == 'READONLY' then return probe end
local id, born = renewed(incarnation, fresh)
return { id, born, whole(now) }