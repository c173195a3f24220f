#!lua flags=allow-oom
local lease, stream, log = KEYS[1], KEYS[2], KEYS[3]
local token, group, id, frame, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
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


local function unwritten(log)
  redis.pcall('SPUBLISH', log, '0-0 ')
  return false
end
local function answer(log, frame, life, lives)
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if id then
    if type(id) == 'table' then return unwritten(log) end
    if not lives then redis.pcall('PEXPIRE', log, life, 'GT') end
  else
    id = redis.pcall('XADD', log, '*', 'f', frame, 'b', '1')
    if type(id) == 'table' then return unwritten(log) end
    redis.pcall('PEXPIRE', log, life)
  end
  
if #frame < 4096 then
  redis.pcall('SPUBLISH', log, id .. ' ' .. frame)
else
  redis.pcall('SPUBLISH', log, id)
  redis.pcall('SPUBLISH', log, frame)
end

  return true
end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local groups, isOurs = redis.pcall('XINFO', 'GROUPS', stream), false
if groups.err then return 'lost' end
for _, g in ipairs(groups) do
  if field(g, 'name') == group then isOurs = true end
  if not before(field(g, 'last-delivered-id'), id) then return 'lost' end
end
if not isOurs or redis.call('XDEL', stream, id) == 0 then return 'lost' end
answer(log, frame, life)
return 'ok'