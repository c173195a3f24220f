#!lua flags=allow-oom
local lease = KEYS[1]
local token, group, consumer, ttl, served, check = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local patterns = {}
for i = 1, (#KEYS - 1) / 1 do patterns[i] = { live = KEYS[2 + 1 * (i - 1)], flag = ARGV[7 + 2 * (i - 1)], was = ARGV[8 + 2 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

local said = { 'ok' }
local told = {}
local tag = string.sub(lease, 1, -#consumer - #'lease:' - 1)
if check == '1' then
  for i, pattern in ipairs(patterns) do
    for _, member in ipairs(redis.pcall('ZRANGEBYSCORE', pattern.live, whole(now), '+inf')) do
      local other, words = string.match(member, '^([^ ]+)'), string.match(member, '^%S+ %S+ (.*)$') or ''
      if other and other ~= group then
        if not string.find(' ' .. words .. ' ', ' wild ', 1, true) then return { 'conflict', whole(i - 1), other } end
        said = { 'yields', whole(i - 1), other }
        if told[#told] ~= pattern then told[#told + 1] = pattern end
      end
    end
  end
end
for i, pattern in ipairs(patterns) do
  local live, member = pattern.live, group .. ' ' .. consumer .. ' ' .. pattern.flag
  local added = redis.pcall('ZADD', live, 0, '.', now + ttl, member)
  if type(added) ~= 'table' then
    if pattern.was ~= pattern.flag then redis.call('ZREM', live, group .. ' ' .. consumer .. ' ' .. pattern.was) end
    redis.call('ZREMRANGEBYSCORE', live, '(0', whole(now - ttl))
    redis.call('PEXPIRE', live, served)
  elseif string.find(added.err, 'WRONGTYPE', 1, true) then
    said[#said + 1] = whole(i - 1)
  else
    return added
  end
end
for _, pattern in ipairs(told) do redis.pcall('SPUBLISH', tag .. 'streams', string.sub(pattern.live, #tag + #'live:' + 1)) end
return said