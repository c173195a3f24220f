#!lua flags=allow-oom
local wildcards = KEYS[1]
local most = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local answered, seen = {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', wildcards, whole(now), '+inf', 'LIMIT', 0, most)) do
  local group, ttl, text
  if #member <= 4500 then group, ttl, text = string.match(member, '^(%S+) %S+ r(%d+) (.+)$') end
  if text and not seen[group .. ' ' .. text] then
    seen[group .. ' ' .. text] = true
    for _, part in ipairs({ group, ttl, text }) do answered[#answered + 1] = part end
  end
end
return answered