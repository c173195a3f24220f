#!lua flags=allow-oom
local wildcards = KEYS[1]
local group, consumer = ARGV[1], ARGV[2]
local marks = {}
for i = 3, #ARGV do marks[i - 2] = ARGV[i] end
local gone = 0
for _, mark in ipairs(marks) do
  gone = gone + redis.call('ZREM', wildcards, group .. ' ' .. consumer .. ' ' .. mark)
end
return gone