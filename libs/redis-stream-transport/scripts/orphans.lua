local stream, started = KEYS[1], KEYS[2]
local group, from, count = ARGV[1], ARGV[2], ARGV[3]
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


local function isOpen(id, header)
  local caller, timeout = string.match(header, '^%d+ %S+ %S+ (%S+) (%d+)')
  return caller and caller ~= '-' and (timeout == '0' or now < split(id) + timeout)
end


local function orphaned(stream, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  return not pending.err and #pending == 0 and redis.pcall('HEXISTS', started, group .. ' ' .. id) == 0
end

local last
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '' } end
for _, g in ipairs(groups) do
  if field(g, 'name') == group then last = field(g, 'last-delivered-id') end
end
if not last then return { '' } end
local page = redis.call('XRANGE', stream, from == '' and '-' or '(' .. from, last, 'COUNT', count)
local answer = { #page == tonumber(count) and page[#page][1] or '' }
for _, entry in ipairs(page) do
  local id, header = entry[1], field(entry[2], 'c') or ''
  if isOpen(id, header) and orphaned(stream, started, group, id) then answer[#answer + 1] = id end
end
return answer