#!lua flags=allow-oom
local due, stream, part = KEYS[1], KEYS[2], KEYS[3]
local removed = 0
local packs = redis.pcall('HRANDFIELD', part, 20)
for _, note in ipairs(packs.err and {} or packs) do
  -- Of events the group follows.
  local id = string.match(note, '^(%d+%-%d+)$') or string.match(note, '^(%d+%-%d+) %S+$')
  local found = id and redis.pcall('XRANGE', stream, id, id)
  if not found or not found.err and #found == 0 then removed = removed + redis.call('HDEL', part, note) end
end
local names = redis.pcall('HRANDFIELD', due, 20)
for _, name in ipairs(names.err and {} or names) do
  local group, id = string.match(name, '^(%S+) (%d+%-%d+)#?%d*$')
  local pending = id and redis.pcall('XPENDING', stream, group, id, id, 1)
  if not pending or pending.err or #pending == 0 then removed = removed + redis.call('HDEL', due, name) end
end
return removed