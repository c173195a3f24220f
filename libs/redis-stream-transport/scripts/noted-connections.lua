#!lua flags=allow-oom
local sockets = KEYS[1]
local every, urgent = ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local size = redis.pcall('HLEN', sockets)
if type(size) == 'table' or size == 0 then return {} end
if size > 2000 then
  redis.call('DEL', sockets)
  return {}
end
local looked = tonumber(redis.call('HGET', sockets, 'looked at') or '')
-- A time to come is no reason to wait: the clock was set back.
if urgent == '0' and looked and looked <= now and now - looked < tonumber(every) then return {} end
-- Who has seen somebody gone looks again, and may be killed before the second strike: others look meanwhile.
if urgent == '0' then redis.call('HSET', sockets, 'looked at', whole(now)) end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local answer, all = {}, redis.call('HGETALL', sockets)
for i = 1, #all, 2 do
  local name, note = all[i], all[i + 1]
  if name ~= 'looked at' then
    local ends, of = string.match(note, '^(%d+) (%w+) %d+ %d[%d ]*$')
    if #name > 400 or #note > 400 or not ends or tonumber(ends) < now then
      redis.call('HDEL', sockets, name)
    elseif of == run then
      answer[#answer + 1], answer[#answer + 2] = name, note
    end
  end
end
return answer