local lease, stream, started = KEYS[1], KEYS[2], KEYS[3]
local by, group, held = ARGV[1], ARGV[2], ARGV[3]
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

if redis.call('GET', lease) ~= held then return { 'alive' } end
local answer = { 'ok' }
local notes = redis.pcall('HGETALL', started)
for i = 1, #notes, 2 do
  local of, id = string.match(notes[i], '^(%S+) (%d+%-%d+)$')
  if notes[i + 1] == by and of == group then
    local entry = redis.pcall('XRANGE', stream, id, id)[1]
    answer[#answer + 1] = id
    answer[#answer + 1] = entry and field(entry[2], 'c') or ''
  end
end
return answer