#!lua flags=allow-oom
local lease, stream, registry, started = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, group, consumer = ARGV[1], ARGV[2], ARGV[3]
local ids = {}
for i = 4, #ARGV do ids[i - 3] = ARGV[i] end
local leavers
local function orphaned(stream, registry, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending > 0 or redis.pcall('HEXISTS', started, group .. ' ' .. id) ~= 0 then return false end
  if not leavers then
    leavers = {}
    local fields = redis.pcall('HGETALL', registry)
    for i = 1, fields.err and 0 or #fields, 2 do
      local of = string.match(fields[i], '^(%S+) wild$')
      if of and of ~= group and string.match(fields[i + 1], '^e %d+ %d+%-%d+$') then leavers[#leavers + 1] = of end
    end
  end
  for _, of in ipairs(leavers) do
    local theirs = redis.pcall('XPENDING', stream, of, id, id, 1)
    if not theirs.err and #theirs > 0 and theirs[1][3] < 86400000 then return false end
  end
  return true
end


local held = redis.call('GET', lease)
if not held then return 'missing' end
if held ~= token then return 'fenced' end

local adopted = 0
for _, id in ipairs(ids) do
  local exists = #redis.pcall('XRANGE', stream, id, id) == 1
  if exists and orphaned(stream, registry, started, group, id) then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
    adopted = adopted + 1
  end
end
return string.format('%.0f', adopted)