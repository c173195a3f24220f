#!lua flags=allow-oom
local looked = KEYS[1]
local group, time = ARGV[1], ARGV[2]
local texts = {}
for i = 3, #ARGV do texts[i - 2] = ARGV[i] end
local new = 0
for _, text in ipairs(texts) do new = new + redis.call('ZADD', looked, 'GT', time, group .. ' ' .. text) end
return new