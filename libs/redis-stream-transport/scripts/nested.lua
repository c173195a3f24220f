#!lua flags=allow-oom
local group, consumer, wanted, others, force = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local streams = {}
for i = 1, (#KEYS - 0) / 1 do streams[i] = { stream = KEYS[1 + 1 * (i - 1)], most = ARGV[6 + 2 * (i - 1)], mark = ARGV[7 + 2 * (i - 1)] } end
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am < bm or (am == bm and as < bs)
end
local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
end

local function delivered(stream, group)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, g in ipairs(groups) do
    if field(g, 'name') == group then return field(g, 'last-delivered-id') end
  end
end

local function following(stream, id, upTo, count)
  return id == '18446744073709551615-18446744073709551615' and {} or redis.call('XRANGE', stream, '(' .. id, upTo, 'COUNT', count)
end

wanted, others = tonumber(wanted), tonumber(others)
local entries, length = 1000, 8388608
local function nested(fields)
  local found = false
  for i = 1, #fields, 2 do
    length = length - #fields[i + 1]
    if fields[i] == 'c' then found = found or string.find(fields[i + 1], ' depth=', 1, true) ~= nil end
  end
  return found
end
-- How many entries there are after one id and up to another. It counts no further than needed.
local function between(stream, from, upTo, most)
  local n, page = 0, nil
  repeat
    page = following(stream, from, upTo, 20)
    n = n + #page
    if #page > 0 then from = page[#page][1] end
  until #page < 20 or n > most
  return n
end
local function search(stream, from, most)
  local found, last, clean, page = 0, nil, from, nil
  repeat
    page = following(stream, from, '+', 20)
    for _, entry in ipairs(page) do
      from = entry[1]
      entries = entries - 1
      if nested(entry[2]) then
        found, last = found + 1, from
      elseif found == 0 then
        clean = from
      end
      if found == most or entries <= 0 or length <= 0 then return found, last, clean end
    end
  until #page < 20
  return found, last, clean
end
local reads, marks = {}, {}
for i, wish in ipairs(streams) do
  local stream, most, mark = wish.stream, math.min(wanted, tonumber(wish.most)), wish.mark
  local start = most > 0 and entries > 0 and length > 0 and delivered(stream, group)
  if start then
    local from = start
    if mark ~= '' and before(start, mark) then from = mark end
    local found, last, clean = search(stream, from, most)
    mark = clean
    if found > 0 then
      local n = between(stream, start, last, others + found)
      local far = n > others + found
      if far and found > 1 then
        -- Perhaps the first of them is near enough.
        found, n = 1, between(stream, start, clean, others) + 1
        far = n > others + 1
      end
      if far then mark = '!' .. clean end
      if not far or force == '1' then
        local count = far and others or n
        local read = count > 0 and redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
        if read then reads[#reads + 1] = read[1] end
        if not far then
          mark = ''
          wanted = wanted - found
          others = others - (n - found)
        else
          others = 0
        end
      end
    end
  end
  marks[i] = mark
end
return { reads, marks }