#!lua flags=allow-oom
local lease, stream, started = KEYS[1], KEYS[2], KEYS[3]
local token, group, consumer = ARGV[1], ARGV[2], ARGV[3]
local ids = {}
for i = 4, #ARGV do ids[i - 3] = ARGV[i] end
local function orphaned(stream, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  return not pending.err and #pending == 0 and redis.pcall('HEXISTS', started, group .. ' ' .. id) == 0
end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local adopted = 0
for _, id in ipairs(ids) do
  local exists = #redis.pcall('XRANGE', stream, id, id) == 1
  if exists and orphaned(stream, started, group, id) then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
    adopted = adopted + 1
  end
end
return string.format('%.0f', adopted)