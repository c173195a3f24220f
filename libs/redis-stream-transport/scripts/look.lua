#!lua flags=allow-oom
local incarnation, stream, part = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local ids = {}
for i = 3, #ARGV do ids[i - 2] = ARGV[i] end
local answer = { redis.call('HGET', incarnation, 'id') or '' }
for i, id in ipairs(ids) do
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
  if pending.err or #pending == 0 then
    answer[i + 1] = false
  else
    local known = redis.pcall('HGET', part, id)
    answer[i + 1] = type(known) == 'string' and known or ''
  end
end
return answer