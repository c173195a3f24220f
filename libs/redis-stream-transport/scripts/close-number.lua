#!lua flags=allow-oom
local record, incarnation = KEYS[1], KEYS[2]
local epoch, number, meant, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end



-- Anybody may have written into the record: what is no number of ours is missing.
local function place(text)
  return text and #text < 16 and string.match(text, '^%d+$') and tonumber(text) or -1
end

local function judge()
  local e, q = tonumber(epoch), tonumber(number)
  local rec = redis.pcall('HMGET', record, 'e', 'q')
  -- A key of another type is no record.
  if rec.err then
    if not string.find(rec.err, 'WRONGTYPE', 1, true) then return rec end
    redis.call('DEL', record)
    rec = {}
  end
  local re, rq = place(rec[1]), place(rec[2])
  if rq < 0 then re = -1 end
  if re == e then
    if q <= rq then
      local kept = redis.call('HGET', record, 'v' .. (q % 8))
      local mark = number .. ' '
      if kept and string.sub(kept, 1, #mark) == mark then
        return 'done ' .. whole(now) .. ' ' .. string.sub(kept, #mark + 1)
      end
      return 'done ' .. whole(now) .. ' ?'
    end
    if q == rq + 1 then return nil end
    return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq)
  end
  if re > e then return 'old ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  if q ~= 1 then return 'gap ' .. whole(now) .. ' ' .. whole(re) .. ' ' .. whole(rq) end
  local id = redis.call('HGET', incarnation, 'id')
  if id ~= meant then return 'inc ' .. whole(now) .. ' ' .. (id or '-') end
  return nil
end
local function remember(verdict)
  local field = 'v' .. (tonumber(number) % 8)
  redis.call('HSET', record, 'e', epoch, 'q', number, field, number .. ' ' .. verdict)
end

local answer = judge()
if answer then return answer end
remember('-')
redis.call('PEXPIRE', record, life)
return 'ok ' .. whole(now) .. ' -'