#!lua flags=allow-oom
local lease, members, inbox, sockets, paused = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, consumer, ttl, take, note = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local held = redis.call('GET', lease)
if held and held ~= token then return { 'fenced', whole(now) } end
if held then
  redis.call('PEXPIRE', lease, ttl)
elseif take == '1' then
  redis.call('SET', lease, token, 'PX', ttl)
else
  return { 'missing', whole(now) }
end
local alive = -1
if type(redis.pcall('ZADD', members, now + ttl, consumer)) ~= 'table' then
  redis.call('ZREMRANGEBYSCORE', members, '-inf', whole(now))
  redis.call('PEXPIRE', members, ttl * 10)
  alive = redis.call('ZCARD', members)
end
if note == '' then
  redis.pcall('HDEL', sockets, consumer)
else
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  redis.pcall('HSET', sockets, consumer, whole(now + ttl) .. ' ' .. run .. ' ' .. note)
  redis.pcall('PEXPIRE', sockets, ttl * 10)
end
local revision = redis.pcall('HGET', paused, '#')
local answer = { 'ok', whole(now), whole(alive), type(revision) == 'table' and '!' or revision or '' }
local notices = redis.pcall('LRANGE', inbox, 0, -1)
if #notices > 0 then
  redis.call('DEL', inbox)
  for _, notice in ipairs(notices) do answer[#answer + 1] = notice end
end
return answer