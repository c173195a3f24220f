#!lua flags=allow-oom
local lease, stream = KEYS[1], KEYS[2]
local token, group, life = ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local logs, failed = #KEYS - 2, ''
for i = 1, logs do
  local log, frame = KEYS[2 + i], ARGV[3 + i]
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if type(id) == 'string' then
    
if #frame < 4096 then
  redis.pcall('SPUBLISH', log, id .. ' ' .. frame)
else
  redis.pcall('SPUBLISH', log, id)
  redis.pcall('SPUBLISH', log, frame)
end

  else
    -- There is no log, or it cannot be written.
    
local function unwritten(log)
  redis.pcall('SPUBLISH', log, '0-0 ')
  return false
end
local function answer(log, frame, life, lives)
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if id then
    if type(id) == 'table' then return unwritten(log) end
    if not lives then redis.pcall('PEXPIRE', log, life, 'GT') end
  else
    id = redis.pcall('XADD', log, '*', 'f', frame, 'b', '1')
    if type(id) == 'table' then return unwritten(log) end
    redis.pcall('PEXPIRE', log, life)
  end
  
if #frame < 4096 then
  redis.pcall('SPUBLISH', log, id .. ' ' .. frame)
else
  redis.pcall('SPUBLISH', log, id)
  redis.pcall('SPUBLISH', log, frame)
end

  return true
end

    if not answer(log, frame, life) then failed = failed .. ' ' .. i end
  end
end
redis.pcall('XACK', stream, group, unpack(ARGV, logs + 4))
redis.pcall('XDEL', stream, unpack(ARGV, logs + 4))
return 'ok' .. failed