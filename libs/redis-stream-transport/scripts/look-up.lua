#!lua flags=allow-oom
local instances, about = KEYS[1], KEYS[2]
local most, inboxes = ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local answer = { whole(now) }
for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', instances, whole(now), '+inf', 'LIMIT', 0, most)) do
  answer[#answer + 1] = consumer
  answer[#answer + 1] = redis.call('HGET', about, consumer) or ''
  if inboxes ~= '' then redis.call('SPUBLISH', inboxes .. consumer, 'report') end
end
return answer