#!lua flags=allow-oom
local stream = KEYS[1]
local from, count, id = ARGV[1], ARGV[2], ARGV[3]
local letters = redis.pcall('XRANGE', stream, from, '+', 'COUNT', count)
if letters.err then return { '', '0' } end
local said, size = { '', '0' }, 0
local function entryOf(name) return string.match(name, '^[^#]*') end
local entry = entryOf(id)
for _, letter in ipairs(letters) do
  local was
  for i = 1, #letter[2], 2 do
    size = size + #letter[2][i + 1]
    if letter[2][i] == 'id' and not was then was = letter[2][i + 1] end
  end
  local of = was and entryOf(was)
  if was == id or of == entry and (of == was or entry == id) then said[#said + 1] = letter[1] end
end
if #letters == tonumber(count) then said[1] = letters[#letters][1] end
said[2] = string.format('%.0f', size)
return said