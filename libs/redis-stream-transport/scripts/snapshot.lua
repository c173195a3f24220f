local group, consumer, limit = ARGV[1], ARGV[2], ARGV[3]
local streams = {}
for i = 1, (#KEYS - 0) / 1 do streams[i] = { stream = KEYS[1 + 1 * (i - 1)], from = ARGV[4 + 1 * (i - 1)] } end
local answer = {}
for i, wanted in ipairs(streams) do
  local pending = redis.pcall('XPENDING', wanted.stream, group, wanted.from, '+', limit, consumer)
  local ids = false
  if not pending.err then
    ids = {}
    for n, p in ipairs(pending) do ids[n] = p[1] end
  end
  answer[i] = ids
end
return answer