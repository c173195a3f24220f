#!lua flags=allow-oom
local incarnation, stream, part = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local notes = {}
for i = 3, #ARGV do notes[i - 2] = ARGV[i] end
local answer = { redis.call('HGET', incarnation, 'id') or '' }
for i, note in ipairs(notes) do
  local id = string.match(note, '^%S+')
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
  if pending.err or #pending == 0 then
    answer[i + 1] = false
  else
    local known = redis.pcall('HGET', part, note)
    answer[i + 1] = type(known) == 'string' and known or ''
  end
end
return answer