#!lua flags=allow-oom
local lease, left, members, sockets, facts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, group, consumer, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local patterns = {}
for i = 1, (#KEYS - 5) / 1 do patterns[i] = { live = KEYS[6 + 1 * (i - 1)], flag = ARGV[5 + 2 * (i - 1)], was = ARGV[6 + 2 * (i - 1)] } end
local held = redis.call('GET', lease)
if held and held ~= token then return 'fenced' end
redis.call('SET', lease, '+', 'PX', life)
if token ~= '+' then redis.call('SET', left, '1', 'PX', life) end
redis.pcall('ZREM', members, consumer)
redis.pcall('HDEL', sockets, consumer)
redis.pcall('HDEL', facts, consumer)
for _, pattern in ipairs(patterns) do
  local member = group .. ' ' .. consumer .. ' '
  redis.pcall('ZREM', pattern.live, member .. pattern.flag, member .. pattern.was)
end
return 'ok'