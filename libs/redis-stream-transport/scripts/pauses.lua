#!lua flags=allow-oom
local paused = KEYS[1]
return redis.call('HGETALL', paused)