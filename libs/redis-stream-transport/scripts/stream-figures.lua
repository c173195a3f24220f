local counted, notes = ARGV[1], ARGV[2]
local streams = {}
for i = 1, (#KEYS - 0) / 3 do streams[i] = { stream = KEYS[1 + 3 * (i - 1)], due = KEYS[2 + 3 * (i - 1)], when = KEYS[3 + 3 * (i - 1)] } end
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

local function age(id)
  local at = id and split(id)
  return at and whole(math.max(0, now - at)) or '0'
end
local function waiting(due)
  local size = redis.pcall('HLEN', due)
  if size == 0 or type(size) ~= 'number' then return {} end
  local flat, found, seen = redis.call('HSCAN', due, '0', 'COUNT', notes)[2], {}, {}
  for i = 1, #flat, 2 do
    -- Of a pack each call and each event may have a note; it is one entry.
    local entry, group = string.match(flat[i], '^((%S+) [^#]*)')
    local at = tonumber(string.match(flat[i + 1], '^%d+'))
    if entry and not seen[entry] and at and at > now then
      seen[entry], found[group] = true, (found[group] or 0) + 1
    end
  end
  if #flat > 0 and #flat / 2 < size then
    for group, count in pairs(found) do found[group] = count * size / (#flat / 2) end
  end
  return found
end
local function figures(stream, due, when)
  local groups, later, overdue = redis.pcall('XINFO', 'GROUPS', stream), scheduled(when)
  if groups.err then return { '', later, overdue } end
  local length, retries = redis.call('XLEN', stream), waiting(due)
  local said = { whole(length), later, overdue }
  for _, g in ipairs(groups) do
    local name, lag, pending = field(g, 'name'), field(g, 'lag'), field(g, 'pending')
    -- Redis does not know its lag, or is wrong about it, when unread entries were deleted.
    local after = length == 0 and {} or following(stream, field(g, 'last-delivered-id'), '+', counted)
    local unread, held = #after, pending > 0 and redis.call('XPENDING', stream, name)[2]
    if unread == tonumber(counted) and lag then unread = math.max(unread, math.min(lag, length)) end
    said[#said + 1] = name
    said[#said + 1] = whole(unread)
    said[#said + 1] = whole(pending)
    said[#said + 1] = whole(math.min(pending, retries[name] or 0))
    said[#said + 1] = unread > 0 and age(after[1][1]) or '0'
    said[#said + 1] = held and age(held) or '0'
  end
  return said
end
local all = {}
for i, each in ipairs(streams) do all[i] = figures(each.stream, each.due, each.when) end
return all