#!lua flags=allow-oom
local inbox = KEYS[1]
local life = ARGV[1]
local notices = {}
for i = 2, #ARGV do notices[i - 1] = ARGV[i] end
for _, notice in ipairs(notices) do
  redis.call('RPUSH', inbox, notice)
  redis.call('SPUBLISH', inbox, notice)
end
redis.call('LTRIM', inbox, -10000, -1)
redis.call('PEXPIRE', inbox, life)
return 1