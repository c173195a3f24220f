#!lua flags=allow-oom
local patterns = {}
for i = 1, (#KEYS - 0) / 1 do patterns[i] = { registry = KEYS[1 + 1 * (i - 1)], by = ARGV[1 + 1 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local said = {}
for i, pattern in ipairs(patterns) do
  local fields = redis.pcall('HGETALL', pattern.registry)
  local seen, isAnswered = {}, '0'
  for k = 1, fields.err and 0 or #fields, 2 do seen[fields[k]] = tonumber(string.match(fields[k + 1], '^(%d+) r ')) end
  for group, ttl in string.gmatch(fields.err and '' or pattern.by, '(%S+) (%d+)') do
    local isOthers = false
    for name, at in pairs(seen) do
      if name ~= group and now - at <= tonumber(ttl) then isOthers = true end
    end
    if seen[group] or not isOthers then isAnswered = '1' end
  end
  said[i] = isAnswered
end
return said