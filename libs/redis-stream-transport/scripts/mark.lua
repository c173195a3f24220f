#!lua flags=allow-oom
local lease, stream, due, part, started = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, group, consumer = ARGV[1], ARGV[2], ARGV[3]
local packs = {}
for i = 1, (#ARGV - 3) / 4 do packs[i] = { note = ARGV[4 + 4 * (i - 1)], wanted = ARGV[5 + 4 * (i - 1)], attempts = ARGV[6 + 4 * (i - 1)], once = ARGV[7 + 4 * (i - 1)] } end
local function noted(due, group, id)
  local note = redis.pcall('HGET', due, group .. ' ' .. id)
  return type(note) == 'string' and note or ''
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


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local function failed(id, place)
  local name = id .. '#' .. string.format('%.0f', place)
  return tonumber(string.match(noted(due, group, name), '^%d+ (%d+)') or 0)
end
local isNoted = redis.call('EXISTS', due) == 1
local said, begins = 'ok', false
for _, pack in ipairs(packs) do
  local note, wanted, attempt = pack.note, pack.wanted, string.gmatch(pack.attempts, '%d+')
  local id = string.match(note, '^%S+')
  local start = group .. ' ' .. id
  local by = pack.once == '1' and redis.call('HGET', started, start)
  local isMine = by == consumer
  if not by then
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    isMine = not pending.err and #pending == 1
    if isMine and pack.once == '1' then
      redis.call('HSET', started, start, consumer)
      begins = true
    end
  end
  local looks = isNoted or pack.attempts ~= ''
  local known = redis.pcall('HGET', part, note)
  if isMine and not known and not looks and not string.find(wanted, '.', 1, true) then
    -- Nearly always: nothing is noted, and all of it is to start.
    redis.call('HSET', part, note, string.rep('t', #wanted))
    said = said .. ' ' .. string.rep('1', #wanted)
  else
    known = stateOf(part, note, #wanted)
    local signs, letters = {}, {}
    for i = 1, #wanted do
      local want, is, sign = string.sub(wanted, i, i), string.sub(known, i, i), '.'
      local attempts = tonumber(attempt() or 0)
      if want ~= '.' then
        if not isMine or is == 'x' or looks and failed(id, i - 1) ~= attempts then
          sign = '0'
        elseif is == 't' and want == 't' then
          sign = 't'
        else
          sign, is = '1', 't'
        end
      end
      signs[i], letters[i] = sign, is
    end
    local text = table.concat(letters)
    if text ~= known then redis.call('HSET', part, note, text) end
    said = said .. ' ' .. table.concat(signs)
  end
end
if begins then redis.call('PEXPIRE', started, 86400000) end
return said