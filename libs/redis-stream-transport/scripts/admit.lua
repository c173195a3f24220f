#!lua flags=allow-oom
local arrivals = {}
for i = 1, (#KEYS - 0) / 1 do arrivals[i] = { note = KEYS[1 + 1 * (i - 1)], entry = ARGV[1 + 2 * (i - 1)], life = ARGV[2 + 2 * (i - 1)] } end
local said = {}
for i, arrival in ipairs(arrivals) do
  local known = redis.pcall('SET', arrival.note, arrival.entry, 'NX', 'GET', 'PX', arrival.life)
  if type(known) == 'table' and not string.find(known.err, 'WRONGTYPE', 1, true) then return known end
  said[i] = (not known or known == arrival.entry) and '1' or '0'
end
return said