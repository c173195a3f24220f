#!lua flags=allow-oom
local lease, stream, due, live, log, registry, part = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local token, group, consumer, id, frame, life, mayHand, deadline, size, place, shared = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


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


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end


local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
if pending.err or not pending[1] or pending[1][2] ~= consumer then return 'lost' end

if isOver then return 'lost' end
local elsewhere = false
local reads = {}
if mayHand == '1' then
  for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do reads[c[2]] = true end
end
local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
if members.err then
  if not string.find(members.err, 'WRONGTYPE', 1, true) then return members end
  -- No consumer can be announced there. A group that answers requests of this stream may answer this one.
  members = {}
  local groups = redis.pcall('HGETALL', registry)
  for i = 1, #groups, 2 do
    if groups[i] ~= group and string.match(groups[i + 1], '^%d+ r ') then elsewhere = true end
  end
end
for _, member in ipairs(members) do
  local other, theirs = string.match(member, '^([^ ]+) ([^ ]+)')
  if not other then
    -- Another program wrote this.
  elseif other == group and theirs ~= consumer and reads[theirs] then
    redis.call('XCLAIM', stream, group, theirs, 0, id, 'JUSTID')
    return 'handed ' .. theirs
  elseif other ~= group then
    elsewhere = true
  end
end
local own = redis.pcall('HGET', registry, group)
local answers = type(own) == 'string' and string.match(own, '^%d+ r ')
if answers and not elsewhere then
  answer(log, frame, life)
  finish(true)
  return 'answered'
end
redis.pcall('XACK', stream, group, id)
redis.pcall('HDEL', due, group .. ' ' .. id)
-- The group that answers may not exist yet. So the janitor must know that there is such a request.
local till = tonumber(deadline) or now + 86400000
local noted = tonumber(redis.pcall('HGET', registry, 'requests until') or 0) or 0
if noted < till then redis.pcall('HSET', registry, 'requests until', whole(till)) end
return 'acked'