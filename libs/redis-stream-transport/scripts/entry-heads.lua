#!lua flags=allow-oom
local stream = KEYS[1]
local ids = {}
for i = 1, #ARGV do ids[i - 0] = ARGV[i] end
local said = {}
for _, id in ipairs(ids) do
  local found = redis.pcall('XRANGE', stream, id, id)
  local fields = {}
  local entry = not found.err and found[1] and found[1][2] or {}
  for i = 1, #entry, 2 do
    if not fields[entry[i]] then fields[entry[i]] = entry[i + 1] end
  end
  for _, name in ipairs({ 'c', 'p', 'k', 'm' }) do said[#said + 1] = fields[name] or '' end
end
return said