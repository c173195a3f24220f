local group = ARGV[1]
local places = {}
for i = 1, (#KEYS - 0) / 3 do places[i] = { stream = KEYS[1 + 3 * (i - 1)], started = KEYS[2 + 3 * (i - 1)], registry = KEYS[3 + 3 * (i - 1)] } end
local answer = {}
for i, place in ipairs(places) do
  local stream = place.stream
  local names, broadcasts = {}, {}
  local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, group)
  if not consumers.err then
    for n, c in ipairs(consumers) do names[n] = c[2] end
  end
  local started = redis.pcall('HGETALL', place.started)
  for n = 1, #started, 2 do
    if string.sub(started[n], 1, #group + 1) == group .. ' ' then names[#names + 1] = started[n + 1] end
  end
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err then
    for _, g in ipairs(groups) do
      local mark = string.sub(g[2], #group + 1, #group + 1)
      if string.sub(g[2], 1, #group) == group and (mark == '{' or mark == '~') then
        if redis.pcall('HEXISTS', place.registry, g[2]) == 0 then broadcasts[#broadcasts + 1] = g[2] end
      end
    end
  end
  answer[i], answer[#places + i] = names, broadcasts
end
return answer