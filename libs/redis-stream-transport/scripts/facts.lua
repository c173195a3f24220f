#!lua flags=allow-oom
local lease, facts = KEYS[1], KEYS[2]
local token, consumer, text, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

redis.call('HSET', facts, consumer, text)
redis.call('PEXPIRE', facts, life)
return 'ok'