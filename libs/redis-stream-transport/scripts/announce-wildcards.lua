#!lua flags=allow-oom
local lease, streams, looked, wildcards = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, consumer, ttl, groupTtl, life, came = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local marks = {}
for i = 1, (#ARGV - 7) / 3 do marks[i] = { kind = ARGV[8 + 3 * (i - 1)], other = ARGV[9 + 3 * (i - 1)], text = ARGV[10 + 3 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


local held = redis.call('GET', lease)
if not held then return { 'missing' } end
if held ~= token then return { 'fenced' } end

if came == '' then came = whole(now) end
local new = 0
for _, mark in ipairs(marks) do
  local known = group .. ' ' .. mark.text
  new = math.max(new, redis.call('ZADD', streams, 'NX', came, 'g' .. known))
  redis.call('ZADD', looked, 'NX', 0, known)
  redis.call('ZADD', wildcards, whole(now + ttl), group .. ' ' .. consumer .. ' ' .. mark.kind .. ' ' .. mark.text)
  redis.call('ZREM', wildcards, group .. ' ' .. consumer .. ' ' .. mark.other .. ' ' .. mark.text)
  redis.call('ZADD', wildcards, 'GT', whole(now + math.max(ttl, groupTtl)), group .. ' . k ' .. mark.text)
end
for _, old in ipairs(redis.call('ZRANGEBYSCORE', wildcards, '-inf', whole(now - ttl), 'LIMIT', 0, 1000)) do
  local of, text = string.match(old, '^(%S+) %. k (.+)$')
  if of then
    redis.call('ZREM', looked, of .. ' ' .. text)
    redis.call('ZREM', streams, 'g' .. of .. ' ' .. text)
  end
  redis.call('ZREM', wildcards, old)
end
for _, key in ipairs({ streams, looked, wildcards }) do
  if redis.call('PTTL', key) < tonumber(life) then redis.call('PEXPIRE', key, life) end
end
return { 'ok', whole(now), whole(new) }