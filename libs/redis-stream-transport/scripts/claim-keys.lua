#!lua flags=allow-oom
local own, other, ownPart, otherPart = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ownName, otherName = ARGV[1], ARGV[2]
-- Anybody may have written what a record names, so what names no entry is no error.
local function exists(stream, part, entry)
  local id, place = string.match(entry, '^(%d+%-%d+)#?(%d*)$')
  local found = id and redis.pcall('XRANGE', stream, id, id)
  if not found or found.err or #found == 0 then return false end
  if place == '' then return true end
  -- A call of a pack may have ended before its entry goes.
  local letters = redis.pcall('HGET', part, id)
  return type(letters) ~= 'string' or string.sub(letters, place + 1, place + 1) ~= 'x'
end
local function claim(record, mine)
  local known = redis.pcall('SET', record, mine, 'NX', 'GET', 'PX', '86400000')
  if not known or known == mine then return 'run' end
  if type(known) == 'table' then
    if string.find(known.err, 'WRONGTYPE', 1, true) then return 'unreadable' end
    return known
  end
  local state, digest, rest = string.match(known, '^([.=])([^ @]*)%S* (.*)$')
  if not state then return 'unreadable' end
  local isSame = digest == string.match(mine, '^.(%S*)')
  if state == '=' then
    if isSame then return 'stored', rest end
    return 'mismatch'
  end
  local by, where = string.match(rest, '^(%S+) (.+)$')
  if by then
    local stream, part = own, ownPart
    if where ~= ownName then stream, part = where == otherName and other, otherPart end
    if not stream then return 'elsewhere', where end
    if exists(stream, part, by) then
      if isSame then return 'wait' end
      return 'mismatch'
    end
  end
  redis.call('SET', record, mine, 'PX', '86400000')
  return 'run'
end
local said, length, runs = {}, 0, 0
for i = 5, #KEYS do
  local word, text = 'later', ''
  if length < 1048576 then word, text = claim(KEYS[i], ARGV[i - 2]) end
  if type(word) == 'table' then return word end
  local at = 2 * i - 9
  said[at], said[at + 1] = word, text or ''
  length = length + #said[at + 1]
  if word == 'run' then runs = runs + 1 end
end
if runs > 1 and runs == #KEYS - 4 then return 'run' end
return said