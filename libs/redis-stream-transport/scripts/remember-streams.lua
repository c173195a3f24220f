#!lua flags=allow-oom
local streams = KEYS[1]
local names = {}
for i = 1, #ARGV do names[i - 0] = ARGV[i] end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local new = 0
for _, name in ipairs(names) do new = new + redis.call('ZADD', streams, 'NX', whole(now), 's' .. name) end
return new