local turn = KEYS[1]
local reader = ARGV[1]
if redis.pcall('GET', turn) == reader then return redis.call('DEL', turn) end
return 0