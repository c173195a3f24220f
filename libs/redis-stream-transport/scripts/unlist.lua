#!lua flags=allow-oom
local streams = {}
for i = 1, #KEYS do streams[i - 0] = KEYS[i] end
local group, consumer = ARGV[1], ARGV[2]
local taken = 0
for _, stream in ipairs(streams) do
  local pending = redis.pcall('XPENDING', stream, group, '-', '+', 1, consumer)
  -- Deleting a consumer destroys what is pending under it.
  if not pending.err and #pending == 0 then
    redis.pcall('XGROUP', 'DELCONSUMER', stream, group, consumer)
    taken = taken + 1
  end
end
return taken