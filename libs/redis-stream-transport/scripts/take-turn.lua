local turn = KEYS[1]
local reader, ms = ARGV[1], ARGV[2]
local mine = redis.pcall('GET', turn)
if mine == reader then return redis.call('PEXPIRE', turn, ms) end
if mine then return 0 end
redis.call('SET', turn, reader, 'PX', ms)
return 1