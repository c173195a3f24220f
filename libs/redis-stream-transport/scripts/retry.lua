local lease, stream, due, part = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, consumer, id, delay, attempts, state, spared, size, place, shared = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


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


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end


local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
if pending.err or not pending[1] or pending[1][2] ~= consumer then return 'lost' end

if isOver then return 'lost' end
local attempt = whole(now + delay) .. ' ' .. attempts .. ' ' .. state .. ' ' .. spared
local noted = redis.pcall('HSET', due, group .. ' ' .. name, attempt)
-- It failed without ending its process, so it is no suspect of that.
if size > 0 and letter(part, note, size, place) == 't' then
  local state = stateOf(part, note, size)
  redis.pcall('HSET', part, note, string.sub(state, 1, place) .. '.' .. string.sub(state, place + 2))
end
if type(noted) ~= 'table' then return 'ok' end
if string.find(noted.err, 'WRONGTYPE', 1, true) then return 'unnoted' end
return noted