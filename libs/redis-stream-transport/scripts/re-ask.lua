#!lua flags=allow-oom
local incarnation, log = KEYS[1], KEYS[2]
local fresh, life = ARGV[1], ARGV[2]
local calls = {}
for i = 1, (#KEYS - 2) / 3 do calls[i] = { stream = KEYS[3 + 3 * (i - 1)], live = KEYS[4 + 3 * (i - 1)], part = KEYS[5 + 3 * (i - 1)], entry = ARGV[3 + 3 * (i - 1)], size = ARGV[4 + 3 * (i - 1)], place = ARGV[5 + 3 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local function renewed(incarnation, fresh)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local known = redis.call('HMGET', incarnation, 'id', 'run', 'born')
  if known[1] and known[2] == run then return known[1], known[3] end
  redis.call('HSET', incarnation, 'id', fresh, 'run', run, 'born', whole(now))
  return fresh, whole(now)
end


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

local id, born = renewed(incarnation, fresh)
local last = ''
local info = redis.pcall('XINFO', 'STREAM', log)
if not info.err then
  last = field(info, 'last-generated-id')
  redis.call('PEXPIRE', log, life, 'GT')
end
local flags = {}
for _, call in ipairs(calls) do
  local flag = #redis.pcall('XRANGE', call.stream, call.entry, call.entry)
  local size = tonumber(call.size)
  if flag == 1 and size > 0 and letter(call.part, call.entry, size, tonumber(call.place)) == 'x' then flag = 0 end
  if flag == 0 then
    local members = redis.pcall('ZRANGEBYSCORE', call.live, '(0', '+inf')
    if #members == 0 then flag = '-' end
    for _, member in ipairs(members) do
      if string.sub(member, -5) == ' once' then flag = 'o' end
    end
  end
  flags[#flags + 1] = flag
end
return { whole(now), id, born, last, table.concat(flags) }