#!lua flags=allow-oom
local paused = KEYS[1]
local field, value, revision, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local known = redis.call('HEXISTS', paused, field)
if value == '' then
  if known == 0 then return 'none' end
  redis.call('HDEL', paused, field)
  if redis.call('HLEN', paused) <= redis.call('HEXISTS', paused, '#') then
    redis.call('DEL', paused)
    return 'ok'
  end
else
  if known == 0 and redis.call('HLEN', paused) > tonumber(most) then return 'full' end
  redis.call('HSET', paused, field, value)
end
redis.call('HSET', paused, '#', revision)
return 'ok'