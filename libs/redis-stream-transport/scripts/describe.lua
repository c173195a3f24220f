local lease, services, instances, about = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local documents = {}
for i = 5, #KEYS do documents[i - 4] = KEYS[i] end
local token, consumer, name, ttl, card, life, text = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local document = documents[1]
if text ~= '' then
  redis.call('SET', document, text, 'PX', life)
elseif document and redis.call('PEXPIRE', document, life) == 0 then
  return 'unknown'
end
redis.call('ZADD', services, 'GT', now + ttl, name)
redis.call('ZREMRANGEBYSCORE', services, '-inf', whole(now))
redis.call('ZADD', instances, now + ttl, consumer)
redis.call('HSET', about, consumer, whole(now) .. ' ' .. card)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', instances, '-inf', whole(now), 'LIMIT', 0, 100)) do
  redis.call('ZREM', instances, gone)
  redis.call('HDEL', about, gone)
end
for _, key in ipairs({ services, instances, about }) do redis.call('PEXPIRE', key, life) end
return 'ok'