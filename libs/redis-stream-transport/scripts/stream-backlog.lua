local stream, due, started, when = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local counted = ARGV[1]
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


local function following(stream, id, upTo, count)
  return id == '18446744073709551615-18446744073709551615' and {} or redis.call('XRANGE', stream, '(' .. id, upTo, 'COUNT', count)
end


local function scheduled(when)
  local count = redis.pcall('ZCOUNT', when, '-inf', '+inf')
  if type(count) ~= 'number' or count == 0 then return '0', '' end
  local at = tonumber(redis.call('ZRANGEBYSCORE', when, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2])
  return whole(count), at <= now and whole(now - at) or ''
end

local later, overdue = scheduled(when)
local about = redis.pcall('XINFO', 'STREAM', stream)
if about.err then return later == '0' and {} or { '0', '', whole(now), '0', later, overdue } end
local came = split(field(about, 'last-generated-id'))
local first = (redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or { '0-0' })[1]
local length = field(about, 'length')
local said = { whole(length), came > 0 and whole(math.max(0, now - came)) or '', whole(now),
  whole(field(about, 'entries-added')), later, overdue }
-- Both are hashes whose fields begin with a group and an entry.
local function notes(key)
  local scanned = redis.pcall('HSCAN', key, '0', 'COUNT', 10000)
  return scanned.err and {} or scanned[2]
end
local waiting, running, oldest = {}, {}, {}
local function older(group, id)
  local at = id and split(id)
  if at and (not oldest[group] or at < oldest[group]) then oldest[group] = at end
end
local retries, starts = notes(due), notes(started)
for i = 1, #retries, 2 do
  local group = string.match(retries[i], '^(%S+) ')
  local at = tonumber(string.match(retries[i + 1], '^%d+'))
  if group and at and at > now then waiting[group] = (waiting[group] or 0) + 1 end
end
for i = 1, #starts, 2 do
  local group, id = string.match(starts[i], '^(%S+) (%d+%-%d+)')
  if group and length > 0 and not before(id, first) then
    running[group] = (running[group] or 0) + 1
    older(group, id)
  end
end
for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local name, lag = field(g, 'name'), field(g, 'lag')
  -- Redis does not know its lag, or is wrong about it, when unread entries were deleted.
  local after = following(stream, field(g, 'last-delivered-id'), '+', counted)
  local unread, pending = #after, field(g, 'pending')
  if unread > 0 then older(name, after[1][1]) end
  if pending > 0 then older(name, redis.call('XPENDING', stream, name)[2]) end
  if unread == tonumber(counted) and lag then unread = math.max(unread, math.min(lag, length)) end
  said[#said + 1] = name
  said[#said + 1] = oldest[name] and whole(math.max(0, now - oldest[name])) or ''
  local given = field(g, 'entries-read')
  said[#said + 1] = given and whole(given) or ''
  for _, number in ipairs({ unread, pending, waiting[name] or 0, running[name] or 0 }) do
    said[#said + 1] = whole(number)
  end
end
return said