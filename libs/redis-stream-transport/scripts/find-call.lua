#!lua flags=allow-oom
local stream = KEYS[1]
local from, count, call, caller = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local entries = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if entries.err then return { '', '0' } end
local said, size = { '', '0' }, 0
for _, entry in ipairs(entries) do
  local header, members
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    size = size + #value
    if name == 'c' and not header then header = value end
    if name == 'm' and not members then members = value end
  end
  local of, from_caller = string.match(header or '', '^%S+ %S+ (%S+) (%S+)')
  local within = of == call or members and string.find(',' .. members .. ',', ',' .. call .. ',', 1, true)
  if from_caller == caller and within then said[#said + 1] = entry[1] end
end
if #entries == tonumber(count) then said[1] = entries[#entries][1] end
said[2] = string.format('%.0f', size)
return said