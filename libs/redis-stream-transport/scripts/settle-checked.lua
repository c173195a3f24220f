#!lua flags=allow-oom
local lease, incarnation, stream, due, started, keyRecord, log, part = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local token, group, consumer, id, since, drop, frame, lost, life, result, size, place, shared = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13]
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


local function delivered(stream, group)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, g in ipairs(groups) do
    if field(g, 'name') == group then return field(g, 'last-delivered-id') end
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


local function stateOf(part, id, n)
  local known = redis.pcall('HGET', part, id)
  return type(known) == 'string' and #known == n and known or string.rep('.', n)
end
local function over(part, id)
  redis.pcall('HDEL', part, id)
  return true, false
end
local function merged(part, id, n, letters)
  if not string.find(letters, '[^x]') then return over(part, id) end
  local known = stateOf(part, id, n)
  local all, joined = true, {}
  for i = 1, n do
    local a, b = string.sub(known, i, i), string.sub(letters, i, i)
    if a == 'x' or b == 'x' then joined[i] = 'x' else joined[i], all = b == '.' and a or b, false end
  end
  local text = table.concat(joined)
  if all then return over(part, id) end
  return false, text ~= known and redis.pcall('HSET', part, id, text) == 1
end
-- The entry may have ended before, or be lost with the memory of Redis: then nothing would take a new note away. An entry
-- that is not pending is rare, so its data is hardly ever fetched.
local function noteLetters(part, stream, group, note, n, letters)
  local ended, new = merged(part, note, n, letters)
  if new then
    local id = string.match(note, '^%S+')
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
    if #pending == 0 and #redis.pcall('XRANGE', stream, id, id) == 0 then redis.pcall('HDEL', part, note) end
  end
  return ended
end
local function only(n, place, what)
  return string.rep('.', place) .. what .. string.rep('.', n - place - 1)
end
local function letter(part, id, n, place)
  return string.sub(stateOf(part, id, n), place + 1, place + 1)
end


size, place = tonumber(size), tonumber(place)
local name = size > 0 and id .. '#' .. string.format('%.0f', place) or id
local note = shared == '1' and id .. ' ' .. group or id
local isOver = size > 0 and letter(part, note, size, place) == 'x'


local function finish(drop)
  if size > 0 then
    redis.pcall('HDEL', due, group .. ' ' .. name)
    if not noteLetters(part, stream, group, note, size, only(size, place, 'x')) then return false end
  end
  redis.pcall('XACK', stream, group, id)
  redis.pcall('HDEL', due, group .. ' ' .. id)
  if drop then redis.pcall('XDEL', stream, id) end
  return true
end


local function runs(known, name)
  if type(known) ~= 'string' or string.byte(known) ~= 46 then return false end
  local from = string.find(known, ' ', 1, true)
  return from and string.sub(known, from, from + #name + 1) == ' ' .. name .. ' '
end
local function keep(record, name, ended)
  if ended == '-' then
    if runs(redis.pcall('GET', record), name) then redis.pcall('DEL', record) end
    return
  end
  local known = redis.pcall('SET', record, ended, 'XX', 'GET', 'PX', '86400000')
  if type(known) ~= 'string' or runs(known, name) then return end
  redis.pcall('SET', record, known, 'PX', '86400000')
end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

if isOver then return 'lost' end
local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
local owner = not pending.err and pending[1] and pending[1][2]
-- What may be started once only was noted at its start, and is of whom started it, whoever was given it since.
local start = group .. ' ' .. id
local starter = redis.pcall('HGET', started, start)
if type(starter) == 'string' then owner = starter end
local hasEnded = false
if owner ~= consumer then
  if owner then return 'lost' end
  local entry = redis.pcall('XRANGE', stream, id, id)
  if #entry == 0 and redis.call('HGET', incarnation, 'id') == since then return 'lost' end
  local last = shared == '1' and delivered(stream, group)
  hasEnded = last and not before(last, id)
end
if frame ~= '' then

if lost ~= '' then
  local used = redis.pcall('MEMORY', 'USAGE', log)
  if type(used) == 'number' and used + #frame > 67108864 then frame = lost end
end

  answer(log, frame, life)
end
-- After the answer nothing raises: a repeat would answer again.
if result ~= '' then keep(keyRecord, name, result) end
if hasEnded then return 'ok' end
if finish(drop == '1') then redis.pcall('HDEL', started, start) end
return 'ok'