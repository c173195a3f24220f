#!lua flags=allow-oom
local stream, registry, started, streams, looked = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, kind, groupTtl, keep, age, page, after, stayed, trim, name, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
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

local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '0', '0', '', '0' } end

local function makeKnown(streams, name)
  if redis.pcall('EXISTS', streams) ~= 1 then return end
  if redis.pcall('ZADD', streams, 'NX', whole(now), 's' .. name) == 1 then redis.pcall('SPUBLISH', streams, name) end
end

if own == '1' then makeKnown(streams, name) end

local line, unread, idle, counted, eventsOnly = nil, 0, {}, {}, kind ~= 'r'
local known = {}
local registered = redis.call('HGETALL', registry)
for i = 1, #registered, 2 do known[registered[i]] = registered[i + 1] end
local function kindOf(name)
  local seen, of = string.match(known[name] or '', '^(%d+) (%l)')
  if of then return of, now - tonumber(seen) > tonumber(groupTtl) end
end
for _, g in ipairs(groups) do
  local name, last = field(g, 'name'), field(g, 'last-delivered-id')
  local pending, lag = field(g, 'pending'), field(g, 'lag')
  local ms, seq = string.match(last, '^(%d+)-(%d+)$')
  -- A group that was made anew at its cursor may stand at the very last id of a millisecond.
  local low = tonumber(seq) < 2 ^ 53 and (ms .. '-' .. whole(tonumber(seq) + 1)) or (whole(ms + 1) .. '-0')
  if pending > 0 then low = redis.call('XPENDING', stream, name)[2] end
  local other, isIdle = kindOf(name)
  counted[name] = true
  if name == group then
    local cursor = last
    if pending > 0 then
      local lm, ls = split(low)
      cursor = ls > 0 and (whole(lm) .. '-' .. whole(ls - 1)) or (whole(lm - 1) .. '-18446744073709551615')
    end
    if kind ~= 'b' then redis.call('HSET', registry, group, whole(now) .. ' ' .. kind .. ' ' .. cursor) end
  elseif other and isIdle then
    counted[name] = false
    idle[#idle + 1] = name
  elseif other and other ~= 'e' or not other and not string.match(name, '^[^{}]+{[^{}]+}$') then
    eventsOnly = false
  end
  if counted[name] then
    if not line or before(low, line) then line = low end
    unread = math.max(unread, lag and (lag + pending) or math.huge)
  end
end
for name in pairs(known) do
  local other, isIdle = kindOf(name)
  if other and other ~= 'e' and counted[name] == nil and not isIdle then eventsOnly = false end
end
-- A group that has a wildcard for it and was away when the stream became known reads it from when it had that wildcard.
local since = tonumber(redis.pcall('ZSCORE', streams, 's' .. name) or '')
local marks = since and redis.pcall('ZRANGEBYSCORE', looked, '-inf', since, 'WITHSCORES', 'LIMIT', 0, 10000) or {}
for i = 1, #marks, 2 do
  local of, start = string.match(marks[i], '^(%S+) ([^*?%[\\]*)')
  if of and counted[of] == nil and string.sub(name, 1, #start) == start then
    local came = tonumber(redis.pcall('ZSCORE', streams, 'g' .. marks[i]) or '')
    local low = came and now - math.max(came, tonumber(marks[i + 1])) <= tonumber(groupTtl) and whole(came) .. '-0'
    if low and line and before(low, line) then line = low end
  end
end
if now < (tonumber(known['requests until'] or 0) or 0) then eventsOnly = false end

if not line then return { '0', '0', '', '0' } end

local running = {}
local first
for _, name in ipairs(redis.pcall('HKEYS', started)) do
  local of, id = string.match(name, '^(.+) (%d+%-%d+)$')
  if of and counted[of] then
    first = first or (redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or { '0-0' })[1]
    if not before(id, first) then running[id] = true end
  end
end

local limit, most = tonumber(page), tonumber(trim)
keep, age, stayed = tonumber(keep), tonumber(age), tonumber(stayed)
local from = after == '' and '-' or '(' .. after
-- Large entries take time. Judging by the first one, a script looks at a megabyte and frees fifty.
local weight = 1
for _, entry in ipairs(redis.call('XRANGE', stream, from, '+', 'COUNT', 1)) do
  for _, text in ipairs(entry[2]) do weight = weight + #text end
end
limit = math.max(1, math.min(limit, math.floor(1e6 / weight)))
most = math.max(100, math.min(most, math.floor(5e7 / weight)))
-- Handled events go when there are more of them than are kept, or when they are too old.
local function surplus()
  if keep < 0 then return age < 0 and math.huge or 0 end
  if unread < math.huge then return redis.call('XLEN', stream) - unread - keep - stayed end
  -- The lag is unknown after deletions, so the handled entries are counted.
  return #redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', keep + limit) - keep
end

if eventsOnly then
  from, stayed = '-', 0
  for id in pairs(running) do
    if before(id, line) then line = id end
  end
  local old = line
  if age >= 0 then
    old = whole(now - age + 1) .. '-0'
    if before(line, old) then old = line end
  end
  local removed = 0
  if keep < 0 or age >= 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', old, 'LIMIT', most)
  end
  local beyond = removed == 0 and keep >= 0 and math.min(most, surplus()) or 0
  if beyond > 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', line, 'LIMIT', beyond)
  end
  if removed > 0 then return { whole(removed), '1', '', '0', unpack(idle) } end
  -- What is left below the line is a part of one node.
  if keep < 0 then
    return { whole(redis.call('XTRIM', stream, 'MINID', '=', old)), '0', '', '0', unpack(idle) }
  end
end

local above = surplus()
local look = age < 0 and math.max(0, math.min(limit, above)) or limit
local entries = look >= 1 and redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', look) or {}
local gone, seen = {}, 0
for i, entry in ipairs(entries) do
  local id, fields = entry[1], entry[2]
  if i > above and (age < 0 or now - split(id) < age) then break end
  seen = seen + 1
  local header = fields[1] == 'c' and fields[2] or field(fields, 'c') or ''
  -- Most are events, and these need no more than a look.
  local stays = running[id] or not string.find(header, ' - - ', 1, true) and isOpen(id, header)
  if not stays then gone[#gone + 1] = id end
end
local ms, seq = split(gone[seen] or '0-0')
if #gone > 0 and #gone == seen and from == '-' and ms < 2 ^ 53 and seq < 2 ^ 53 then
  redis.call('XTRIM', stream, 'MINID', '=', whole(ms) .. '-' .. whole(seq + 1))
elseif #gone > 0 then
  redis.call('XDEL', stream, unpack(gone))
end
local onward = seen == limit and entries[limit][1] or ''
local more = onward ~= '' and '1' or '0'
return { whole(#gone), more, onward, whole(stayed + seen - #gone), unpack(idle) }