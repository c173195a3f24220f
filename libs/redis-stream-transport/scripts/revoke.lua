#!lua flags=allow-oom
local lease, other, sockets, facts = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, life, dead, note = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local held = redis.call('GET', other)
if held == '+' then
  redis.pcall('HDEL', sockets, dead)
  redis.pcall('HDEL', facts, dead)
  return 'revoked'
end
local function cutOff()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return redis.pcall('HGET', sockets, dead) == note and string.match(note, '^%d+ (%w+) ') == run
end
if held and (note == '' or not cutOff()) then return 'alive' end
redis.call('SET', other, '+', 'PX', life)
redis.pcall('HDEL', sockets, dead)
redis.pcall('HDEL', facts, dead)
return 'revoked'