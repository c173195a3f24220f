local log = KEYS[1]
local life = ARGV[1]
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

if redis.call('EXISTS', log) == 1 then
  local info = redis.pcall('XINFO', 'STREAM', log)
  local dead = info.err and string.find(info.err, 'WRONGTYPE', 1, true)
  if not info.err then dead = field(info, 'last-generated-id') == '18446744073709551615-18446744073709551615' end
  if not dead then
    redis.call('PEXPIRE', log, life, 'GT')
    return ''
  end
  redis.call('DEL', log)
end
local id = redis.call('XADD', log, '*', 'f', '', 'b', '1')
redis.call('PEXPIRE', log, life)
return id