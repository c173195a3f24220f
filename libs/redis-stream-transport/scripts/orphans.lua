local stream, registry, started = KEYS[1], KEYS[2], KEYS[3]
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
  local call, caller, timeout = string.match(header, '^%d+ %S+ ([%w_-]+) ([%w_-]+) (%d+)')
  if not call or #call > 64 or #caller < 16 or #caller > 32 then return false end
  return timeout == '0' or now < split(id) + timeout
end


local leavers
local function orphaned(stream, registry, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending > 0 or redis.pcall('HEXISTS', started, group .. ' ' .. id) ~= 0 then return false end
  if not leavers then
    leavers = {}
    local fields = redis.pcall('HGETALL', registry)
    for i = 1, fields.err and 0 or #fields, 2 do
      local of = string.match(fields[i], '^(%S+) wild$')
      if of and of ~= group and string.match(fields[i + 1], '^e %d+ %d+%-%d+$') then leavers[#leavers + 1] = of end
    end
  end
  for _, of in ipairs(leavers) do
    local theirs = redis.pcall('XPENDING', stream, of, id, id, 1)
    if not theirs.err and #theirs > 0 and theirs[1][3] < 86400000 then return false end
  end
  return true
end

local last
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '' } end
for _, g in ipairs(groups) do
  if field(g, 'name') == group then last = field(g, 'last-delivered-id') end
end
if not last then return { '' } end
local page = redis.call('XRANGE', stream, from == '' and '-' or '(' .. from, last, 'COUNT', count)
local furthest = #page == tonumber(count) and page[#page][1] or last
local answer = { furthest ~= last and furthest or '' }
for _, entry in ipairs(page) do
  local id, header = entry[1], field(entry[2], 'c') or ''
  if isOpen(id, header) and orphaned(stream, registry, started, group, id) then answer[#answer + 1] = id end
end
return answer