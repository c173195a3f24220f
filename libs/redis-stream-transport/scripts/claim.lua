#!lua flags=allow-oom
local lease, revoked, gone, stream, due, part = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local token, group, dead, me, count, permitted, suspects, nestedFrom = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local function noted(due, group, id)
  local note = redis.pcall('HGET', due, group .. ' ' .. id)
  return type(note) == 'string' and note or ''
end



local function packed(entry)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'c' then
      local n, caller = string.match(entry[2][i + 1], '^1 pack%.%S+ (%d+) (%S+)')
      return math.min(64, tonumber(n) or 0), caller == '-'
    end
  end
  return 0, false
end

local function knownOf(entry)
  local n, shared = packed(entry)
  if n == 0 then return '' end
  local known = redis.pcall('HGET', part, shared and entry[1] .. ' ' .. group or entry[1])
  local found = { type(known) == 'string' and known or '' }
  for i = 1, n do found[i + 1] = noted(due, group, entry[1] .. '#' .. string.format('%.0f', i - 1)) end
  return found
end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

if redis.call('GET', revoked) ~= '+' then return { 'alive' } end
local left = redis.call('EXISTS', gone)
local most, nested, from = tonumber(count), nestedFrom ~= '', nestedFrom
if not nested then from = '-' end
local pending = redis.pcall('XPENDING', stream, group, from, '+', nested and 100 or most, dead)
if pending.err then return { 'empty' } end
if #pending == 0 and from ~= '-' then return { 'empty' } end
if #pending == 0 then
  redis.pcall('XGROUP', 'DELCONSUMER', stream, group, dead)
  return { 'empty' }
end
local ids, before, last, suspect = {}, {}, tonumber(permitted), nil
local notes, spared = {}, {}
local length = 8388608
local function wanted(id)
  if not nested then return true end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  -- What was deleted meanwhile goes with the claim.
  local found = not entry
  for i = 1, entry and #entry[2] or 0, 2 do
    length = length - #entry[2][i + 1]
    if entry[2][i] == 'c' then found = string.find(entry[2][i + 1], ' depth=', 1, true) ~= nil end
  end
  return found
end
-- The calls of a pack run one by one on its last delivery, and on each that follows; it ends with what they end.
local function isLast(id, counted)
  if counted <= 1 or last <= 1 or counted < last then return false end
  if counted == last then return true end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  return entry ~= nil and packed(entry) > 0
end
local looked = nil
for _ = 1, 10 do
  for _, p in ipairs(pending) do
    if #ids == most or length <= 0 then break end
    local id = p[1]
    looked = id
    notes[id] = noted(due, group, id)
    local sparedBefore = tonumber(string.match(notes[id], '^%S+ %S+ %S* (%d+)$') or 0)
    spared[id] = math.min(sparedBefore, math.max(0, p[4] - 1)) + left
    before[id] = p[4]
    local counted = p[4] + 1 - spared[id]
    if not wanted(id) then
      -- Somebody else's, or another time.
    elseif isLast(id, counted) then
      suspect = suspect or id
    else
      ids[#ids + 1] = id
    end
  end
  if #ids > 0 or #pending == 0 or length <= 0 then break end
  -- Nothing comes after the highest id that there is: Redis has an error for the question.
  pending = looked == '18446744073709551615-18446744073709551615' and {} or redis.call('XPENDING', stream, group, '(' .. looked, '+', 100, dead)
end
if #ids == 0 then
  if suspect and suspects == '1' then
    ids[1] = suspect
  elseif nested and #pending > 0 then
    return { 'on', looked, suspect and '1' or '0' }
  elseif nested and not suspect then
    return { 'empty' }
  else
    return { 'suspects' }
  end
end
local entries = redis.call('XCLAIM', stream, group, me, 0, unpack(ids))
local present, deliveries, found, packs = {}, {}, {}, {}
for _, entry in ipairs(entries) do
  if entry and entry[2] then
    local n, id = #present + 1, entry[1]
    if left == 1 then
      local attempt = string.match(notes[id], '^%S+ %S+ %S*') or '0 0 '
      notes[id] = attempt .. ' ' .. string.format('%.0f', spared[id])
      redis.pcall('HSET', due, group .. ' ' .. id, notes[id])
    end
    present[n], deliveries[n], found[n] = entry, string.format('%.0f', before[id] + 1), notes[id]
    packs[n] = knownOf(entry)
    before[id] = nil
  end
end
for _, id in ipairs(ids) do
  if before[id] then redis.pcall('HDEL', due, group .. ' ' .. id) end
end
return { 'ok', present, deliveries, found, packs }