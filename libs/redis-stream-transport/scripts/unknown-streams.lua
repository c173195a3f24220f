#!lua flags=allow-oom
local streams = KEYS[1]
local mark = ARGV[1]
local names = {}
for i = 2, #ARGV do names[i - 1] = ARGV[i] end
if not redis.call('ZSCORE', streams, 'g' .. mark) then return { '0' } end
local said = { '1' }
for _, name in ipairs(names) do
  if not redis.call('ZSCORE', streams, 's' .. name) then said[#said + 1] = name end
end
return said