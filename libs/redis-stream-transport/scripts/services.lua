#!lua flags=allow-oom
local services = KEYS[1]
local most = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

return redis.call('ZRANGEBYSCORE', services, whole(now), '+inf', 'LIMIT', 0, most)