#!lua flags=allow-oom
local incarnation, log = KEYS[1], KEYS[2]
local fresh = ARGV[1]
local calls = {}
for i = 1, (#KEYS - 2) / 4 do calls[i] = { stream = KEYS[3 + 4 * (i - 1)], started = KEYS[4 + 4 * (i - 1)], groups = KEYS[5 + 4 * (i - 1)], part = KEYS[6 + 4 * (i - 1)], entry = ARGV[2 + 3 * (i - 1)], size = ARGV[3 + 3 * (i - 1)], place = ARGV[4 + 3 * (i - 1)] } end
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


local function lookUpTo(incarnation, id)
  local known = tonumber(redis.call('HGET', incarnation, 'look') or 0) or 0
  local ms = split(id)
  if ms > known then redis.call('HSET', incarnation, 'look', string.format('%.0f', ms)) end
end

-- Whether a group that was there when the entry came is missing now.
local function lost(registry, present, entry)
  local known = redis.pcall('HGETALL', registry)
  if known.err then return true end
  for i = 1, #known, 2 do
    local seen = tonumber(string.match(known[i + 1], '^(%d+) ') or 0)
    if not present[known[i]] and seen + 86400000 > split(entry) then return true end
  end
  return false
end
local id = renewed(incarnation, fresh)
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', log)
if not info.err then last = field(info, 'last-generated-id') end
local answer = { whole(now), id, last }
for _, call in ipairs(calls) do
  local stream, entry = call.stream, call.entry
  local size, place = tonumber(call.size), tonumber(call.place)
  local verdict
  -- A key of another type took the place of the stream.
  if #redis.pcall('XRANGE', stream, entry, entry) == 0 then
    verdict = 'gone'
  elseif size > 0 and letter(call.part, entry, size, place) == 'x' then
    verdict = 'gone'
  else
    local owner, delivered, present = '-', false, {}
    for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      present[field(g, 'name')] = true
      if not before(field(g, 'last-delivered-id'), entry) then
        delivered = true
        local pending = redis.call('XPENDING', stream, field(g, 'name'), entry, entry, 1)
        local started = redis.pcall('HGET', call.started, field(g, 'name') .. ' ' .. entry)
        owner = pending[1] and pending[1][2] or type(started) == 'string' and started or owner
      end
    end
    if delivered or lost(call.groups, present, entry) then
      verdict = 'may ' .. owner
    else
      -- Of a pack only this call goes, and whoever reads the others must look first.
      if size > 0 then lookUpTo(incarnation, entry) end
      if size == 0 or merged(call.part, entry, size, only(size, place, 'x')) then redis.call('XDEL', stream, entry) end
      verdict = 'not-run'
    end
  end
  answer[#answer + 1] = verdict
end
return answer