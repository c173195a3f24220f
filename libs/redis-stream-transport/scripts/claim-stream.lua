#!lua flags=allow-oom
local lease, stream, when, streams, registry, live = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local token, group, consumer, name, answers, listens, groupTtl, ttl, flag, was, again = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local texts = {}
for i = 12, #ARGV do texts[i - 11] = ARGV[i] end
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


local function registered(registry, group)
  local value = redis.call('HGET', registry, group)
  if value and string.match(value, '^%d+ %l') then return value end
end
local function notFor(registry, group)
  local since = redis.call('HGET', registry, group .. ' since') or redis.call('HGET', registry, group .. '/since')
  if since and string.match(since, '^%d+%-%d+$') then return since end
end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

if not redis.call('ZSCORE', streams, 's' .. name) then return { 'gone' } end
if again == '' and redis.call('EXISTS', stream, when) == 0 then
  redis.call('ZREM', streams, 's' .. name)
  return { 'gone' }
end
local is = redis.call('TYPE', registry).ok
if is ~= 'hash' and is ~= 'none' then return { 'wrong' } end
local mine = registered(registry, group)
local mark = redis.call('HGET', registry, group .. ' wild')
local isNamed = mine and not mark
-- The kind of a claim that has become no group yet, while it counts.
local function pending(mark)
  local kind, at = string.match(mark or '', '^(%l) (%d+)')
  return kind and now - tonumber(at) <= 60000 and kind
end
local held = string.match(mine or '', '^%d+ (%l)') or pending(mark)
local function yields(to, isWild)
  return not isWild or held ~= 'r' or not isNamed and to < group
end
local other, fellows = nil, '0'
if answers == '1' then
  local fields = redis.call('HGETALL', registry)
  local values = {}
  for i = 1, #fields, 2 do values[fields[i]] = fields[i + 1] end
  for of, value in pairs(values) do
    local seen = string.match(value, '^(%d+) r ')
    local claimant = string.match(of, '^(%S+) wild$')
    if seen then
      if of ~= group and now - tonumber(seen) <= tonumber(groupTtl) and yields(of, values[of .. ' wild']) then other = of end
    elseif claimant and claimant ~= group and not values[claimant] and pending(value) == 'r' and yields(claimant, true) then
      other = claimant
    end
  end
  local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
  if members.err and not string.find(members.err, 'WRONGTYPE', 1, true) then return members end
  for _, member in ipairs(members.err and {} or members) do
    local of, who, words = string.match(member, '^(%S+) (%S+) ?(.*)$')
    if of == group and who ~= consumer then fellows = '1' end
    if of and of ~= group and yields(of, string.find(' ' .. words .. ' ', ' wild ', 1, true)) then other = of end
  end
  if other and listens ~= '1' and again == '' then return { 'taken', '', other } end
  if other and again == 'look' then return { 'yields', '', other } end
end
local kind = answers == '1' and not other and 'r' or 'e'
local member = group .. ' ' .. consumer .. ' '
local upTo = kind == 'e' and string.match(mark or '', '^e %d+ (%d+%-%d+)$') or ''
if kind == 'r' then
  redis.pcall('ZADD', live, 0, '.', whole(now + ttl), member .. flag)
  redis.pcall('PEXPIRE', live, 604800000)
else
  local announced = redis.pcall('ZREM', live, member .. flag, member .. was)
  -- Each instance that answered until now: others may have been handed more meanwhile.
  if other and (held == 'r' or type(announced) == 'number' and announced > 0) then
    local last, theirs
    local groups = redis.pcall('XINFO', 'GROUPS', stream)
    for _, g in ipairs(groups.err and {} or groups) do
      if field(g, 'name') == group then last = field(g, 'last-delivered-id') end
      if field(g, 'name') == other then theirs = true end
    end
    if last and not theirs then upTo = last elseif held == 'r' then upTo = '' end
  end
end
if mine then redis.call('HSET', registry, group, (string.gsub(mine, '^(%d+) %l', '%1 ' .. kind))) end
if not mine or mark then
  redis.call('HSET', registry, group .. ' wild', kind .. ' ' .. whole(now) .. (upTo ~= '' and ' ' .. upTo or ''))
end
if held and held ~= kind then redis.pcall('SPUBLISH', streams, name) end
local from = now
for _, text in ipairs(texts) do
  from = math.min(from, tonumber(redis.call('ZSCORE', streams, 'g' .. group .. ' ' .. text) or now))
end
from = math.max(from, now - groupTtl)
return { other and 'left' or 'ok', whole(math.max(1, from) - 1) .. '-18446744073709551615', other, upTo, fellows }