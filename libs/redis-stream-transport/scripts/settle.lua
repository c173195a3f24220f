#!lua flags=allow-oom
local lease = KEYS[1]
local token, group, logs, results, streams, notes, lone = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
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

logs, results, streams, notes = tonumber(logs), tonumber(results), tonumber(streams), tonumber(notes)
local full = ''
for i = 1, logs do
  local at = 5 + 3 * i
  local care = ARGV[at + 2]
  if care == '0' or care == '2' then
    local used = redis.pcall('MEMORY', 'USAGE', KEYS[1 + i])
    if type(used) == 'number' and used + #ARGV[at] > 67108864 then full = full .. ' ' .. i end
  end
end
if full ~= '' then return 'full' .. full end
local failed = ''
for i = 1, logs do
  local at = 5 + 3 * i
  if not answer(KEYS[1 + i], ARGV[at], ARGV[at + 1], ARGV[at + 2] >= '2') then failed = failed .. ' ' .. i end
end
local key, at = 1 + logs, 8 + 3 * logs
for i = key + 1, key + results do
  keep(KEYS[i], ARGV[at], ARGV[at + 1])
  at = at + 2
end
key = key + results
local part, pcall = key + streams, redis.pcall
lone = key + tonumber(lone)
for i = key + 1, lone do
  pcall('XACK', KEYS[i], group, ARGV[at])
  pcall('XDEL', KEYS[i], ARGV[at])
  at = at + 1
end
for i = lone + 1, key + streams do
  local stream = KEYS[i]
  local kept, dropped, packs = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local first, last = at + 3, at + 2 + kept + dropped
  for i = first, last, 1000 do
    redis.pcall('XACK', stream, group, unpack(ARGV, i, math.min(i + 999, last)))
  end
  for i = first + kept, last, 1000 do
    redis.pcall('XDEL', stream, unpack(ARGV, i, math.min(i + 999, last)))
  end
  at = last + 1
  -- Most settlements have no packs, and do not pay for the functions.
  if packs > 0 then
    
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

    part = part + 3
    for p = at, at + 2 * packs - 2, 2 do
      local note, letters = ARGV[p], ARGV[p + 1]
      if noteLetters(KEYS[part - 2], stream, group, note, #letters, letters) then
        local id = string.match(note, '^%S+')
        redis.pcall('XACK', stream, group, id)
        if id == note then redis.pcall('XDEL', stream, id) end
        -- Deliveries of it that do not count, and its start, are noted of the pack, not of its calls.
        redis.pcall('HDEL', KEYS[part - 1], group .. ' ' .. id)
        redis.pcall('HDEL', KEYS[part], group .. ' ' .. id)
      end
    end
  end
  at = at + 2 * packs
end
key = part
for i = key + 1, key + notes do
  local last = at + tonumber(ARGV[at])
  for f = at + 1, last, 1000 do
    redis.pcall('HDEL', KEYS[i], unpack(ARGV, f, math.min(f + 999, last)))
  end
  at = last + 1
end
return 'ok' .. failed