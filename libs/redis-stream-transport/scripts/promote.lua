#!lua flags=allow-oom
local most, size = ARGV[1], ARGV[2]
local streams = {}
for i = 1, (#KEYS - 0) / 3 do streams[i] = { stream = KEYS[1 + 3 * (i - 1)], later = KEYS[2 + 3 * (i - 1)], when = KEYS[3 + 3 * (i - 1)] } end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end

local function fieldsOf(text)
  local isRead, list = pcall(cjson.decode, text)
  if isRead and type(list) == 'table' and #list > 0 and #list % 2 == 0 and #list <= 64 then
    for _, value in ipairs(list) do
      if type(value) ~= 'string' then return { 'c', '?', 'd', text } end
    end
    return list
  end
  return { 'c', '?', 'd', text }
end
local left, bytes, answer = tonumber(most), tonumber(size), { whole(now) }
for _, each in ipairs(streams) do
  local added, failed = 0, ''
  local due = redis.pcall('ZRANGEBYSCORE', each.when, '-inf', whole(now), 'LIMIT', 0, left)
  if due.err then due, failed = {}, due.err end
  for _, id in ipairs(due) do
    if bytes <= 0 then break end
    local text = redis.pcall('HGET', each.later, id)
    if type(text) == 'table' then
      failed = text.err
      break
    end
    if type(text) == 'string' then
      bytes = bytes - #text
      local entry = redis.pcall('XADD', each.stream, '*', unpack(fieldsOf(text)))
      if type(entry) == 'table' then
        failed = entry.err
        break
      end
      redis.call('HDEL', each.later, id)
      added = added + 1
    end
    redis.call('ZREM', each.when, id)
    left = left - 1
  end
  local first = redis.pcall('ZRANGEBYSCORE', each.when, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  answer[#answer + 1] = added
  answer[#answer + 1] = not first.err and first[2] or ''
  answer[#answer + 1] = failed
end
return answer