#!lua flags=allow-oom
local stream = KEYS[1]
local from, count, needle = ARGV[1], ARGV[2], ARGV[3]
local entries = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if entries.err then return { '', '0' } end
local said, size = { '', '0' }, 0
for _, entry in ipairs(entries) do
  local found = {}
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    size = size + #value
    if not found[name] then found[name] = value end
  end
  local h = found.h
  if h and (string.find(h, needle, 1, true) or string.find(h, '\\u', 1, true)) then
    for _, value in ipairs({ entry[1], found.c or '', found.m or '', h }) do said[#said + 1] = value end
  end
end
if #entries == tonumber(count) then said[1] = entries[#entries][1] end
said[2] = string.format('%.0f', size)
return said