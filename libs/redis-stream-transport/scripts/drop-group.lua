#!lua flags=allow-oom
local lease, stream, registry = KEYS[1], KEYS[2], KEYS[3]
local group, force = ARGV[1], ARGV[2]
if force ~= '1' and redis.call('GET', lease) ~= '+' then return 0 end
-- A registry that cannot be read says nothing of other groups; my own is mine all the same.
local listed = redis.pcall('HEXISTS', registry, group)
if listed == 1 or listed ~= 0 and force ~= '1' then return 0 end
return redis.pcall('XGROUP', 'DESTROY', stream, group) == 1 and 1 or 0