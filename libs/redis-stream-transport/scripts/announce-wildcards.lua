#!lua flags=allow-oom
local lease, streams, looked, wildcards = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, consumer, ttl, life, came = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local marks = {}
for i = 1, (#ARGV - 6) / 3 do marks[i] = { kind = ARGV[7 + 3 * (i - 1)], other = ARGV[8 + 3 * (i - 1)], text = ARGV[9 + 3 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

if came == '' then came = whole(now) end
local new = 0
for _, mark in ipairs(marks) do
  local known = group .. ' ' .. mark.text
  new = math.max(new, redis.call('ZADD', streams, 'NX', came, 'g' .. known))
  redis.call('ZADD', looked, 'NX', 0, known)
  redis.call('ZADD', wildcards, whole(now + ttl), group .. ' ' .. consumer .. ' ' .. mark.kind .. ' ' .. mark.text)
  redis.call('ZREM', wildcards, group .. ' ' .. consumer .. ' ' .. mark.other .. ' ' .. mark.text)
end
local function forget(olds)
  for _, old in ipairs(olds) do
    local came = tonumber(redis.call('ZSCORE', streams, 'g' .. old) or 0)
    if came <= now - 31536000000 then
      redis.call('ZREM', looked, old)
      redis.call('ZREM', streams, 'g' .. old)
    end
  end
end
forget(redis.call('ZRANGEBYSCORE', looked, '(0', whole(now - 31536000000), 'LIMIT', 0, 100))
-- Their groups have never looked.
forget(redis.call('ZRANGEBYSCORE', looked, 0, 0, 'LIMIT', 0, 1000))
redis.call('ZREMRANGEBYSCORE', wildcards, '-inf', whole(now - ttl))
for _, key in ipairs({ streams, looked, wildcards }) do
  if redis.call('PTTL', key) < tonumber(life) then redis.call('PEXPIRE', key, life) end
end
return { 'ok', whole(now), whole(new) }