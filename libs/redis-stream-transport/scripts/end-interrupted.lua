#!lua flags=allow-oom
local lease, other, stream, started, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, consumer, by, group, id, frame, life, theirs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
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


local function packed(entry)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'c' then
      local n, caller = string.match(entry[2][i + 1], '^1 pack%.%S+ (%d+) (%S+)')
      return math.min(64, tonumber(n) or 0), caller == '-'
    end
  end
  return 0, false
end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

if redis.call('GET', other) ~= theirs then return 'lost' end
local name = group .. ' ' .. id
if redis.call('HGET', started, name) ~= by then return 'lost' end
redis.call('HDEL', started, name)
local entry = redis.pcall('XRANGE', stream, id, id)[1]
if entry and packed(entry) > 0 then
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if not pending.err and (not pending[1] or pending[1][2] ~= by) then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
  end
  return 'ok'
end
redis.pcall('XACK', stream, group, id)
if frame ~= '' then
  answer(log, frame, life)
  redis.pcall('XDEL', stream, id)
end
return 'ok'