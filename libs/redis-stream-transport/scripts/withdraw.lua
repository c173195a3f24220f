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

local answer = {}
for _, each in ipairs(entries) do
  local found = 'gone'
  local removed = redis.pcall('HDEL', each.later, each.id)
  redis.pcall('ZREM', each.when, each.id)
  if removed == 1 then
    found = 'withdrawn'
    redis.pcall('DEL', each.sent)
  elseif each.words ~= '' then
    local page = redis.pcall('XRANGE', each.stream, each.due, whole(now) + 1000, 'COUNT', 1000)
    for _, entry in ipairs(page.err and {} or page) do
      if string.find(field(entry[2], 'c') or '', ' ' .. each.words .. ' ', 1, true) then found = entry[1] end
    end
  end
  answer[#answer + 1] = found
end
return answer