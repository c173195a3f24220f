local record, stream = KEYS[1], KEYS[2]
local epoch, number, before, field, stamp, header, data = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local maxAge = 2000

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end


if now - tonumber(stamp) > tonumber(maxAge) then return 'stale ' .. whole(now) end


local rec = redis.pcall('HMGET', record, 'e', 'q')
if rec[1] ~= epoch or rec[2] ~= before then
  if rec.err and not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
  
-- Anybody may have written into the record: what is no number of ours is missing.
local function place(text)
  return text and #text < 16 and string.match(text, '^%d+$') and tonumber(text) or -1
end

  return 'gap ' .. whole(now) .. ' ' .. whole(place(rec[1])) .. ' ' .. whole(place(rec[2]))
end

local id, token = redis.pcall('XADD', stream, '*', 'c', header, 'd', data)
if type(id) == 'string' then
  token = id .. ':1'
else
  
local function error_of(answer)
  local text = string.sub(answer.err or '', 1, 120)
  return '!E' .. (string.gsub(text, '%W', function(c) return string.format('%%%02X', string.byte(c)) end))
end

  token = '-:0' .. error_of(id)
end
redis.call('HSET', record, 'q', number, field, number .. ' 0 ' .. token)
-- Lua writes 14 digits as they are, and formats them more slowly.
return 'ok ' .. now .. ' 0 ' .. token