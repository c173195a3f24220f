#!lua flags=allow-oom
local entries = {}
for i = 1, (#KEYS - 0) / 4 do entries[i] = { stream = KEYS[1 + 4 * (i - 1)], later = KEYS[2 + 4 * (i - 1)], when = KEYS[3 + 4 * (i - 1)], sent = KEYS[4 + 4 * (i - 1)], id = ARGV[1 + 3 * (i - 1)], due = ARGV[2 + 3 * (i - 1)], words = ARGV[3 + 3 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am < bm or (am == bm and as < bs)
end
local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
end

local answer, from = {}, {}
for i, each in ipairs(entries) do
  local removed = redis.pcall('HDEL', each.later, each.id)
  redis.pcall('ZREM', each.when, each.id)
  answer[i] = removed == 1 and 'withdrawn' or 'gone'
  if removed == 1 then
    redis.pcall('DEL', each.sent)
  elseif each.words ~= '' then
    from[each.stream] = math.min(from[each.stream] or math.huge, tonumber(each.due))
  end
end
-- Each stream is read once: thousands may be given up together.
local ids = {}
for stream, first in pairs(from) do
  local page = redis.pcall('XRANGE', stream, whole(first), whole(now) + 1000, 'COUNT', 1000)
  local found = {}
  for _, entry in ipairs(page.err and {} or page) do
    local words = string.match(field(entry[2], 'c') or '', '^%S+ %S+ (%S+ %S+)')
    if words then found[words] = entry[1] end
  end
  ids[stream] = found
end
for i, each in ipairs(entries) do
  if answer[i] == 'gone' and each.words ~= '' then answer[i] = ids[each.stream][each.words] or 'gone' end
end
return answer