/**
 * Lua that gives the local `scheduled` its value, so that it is made once in a script, and only where something has a schedule:
 * `scheduled(…)` stores an entry of a batch that is due later, or that must not be there already, and returns the token of
 * its section. The fields are ARGV `from` to `to`. An empty `at` adds it to its stream at once. With a `window` (ms) above 0
 * nothing is added if `sent` is there, and else it is there from now on until so long after the entry is due. All writes are
 * made or none, and what waits under the same id already stays as it is. If it is the first of its stream to be due, the
 * members of all groups of the stream are told. Needs LUA_NOW, LUA_BACKLOG, `cap`, `error_of` and `scheduled`.
 */
export const LUA_SCHEDULE = `
function scheduled(later, when, stream, sent, id, at, window, from, to)
  -- Milliseconds: since 1970, or from now with a + before them.
  local due = now
  if at ~= '' then due = string.sub(at, 1, 1) == '+' and now + tonumber(at) or tonumber(at) end
  local token = whole(due) .. '-0:1'
  if window ~= '0' then
    local life = whole(math.max(0, due - now) + window)
    local isNew = redis.pcall('SET', sent, id, 'PX', life, 'NX')
    if not isNew then return token end
    if isNew.err then return '-:0' .. error_of(isNew) end
  end
  local function refused(why)
    if window ~= '0' then redis.call('DEL', sent) end
    return '-:0' .. why
  end
  if at == '' then
    local size = redis.pcall('XLEN', stream)
    if type(size) == 'table' then return refused(error_of(size)) end
    if size >= cap and backlog(stream, size) >= cap then return refused('!FULL') end
    local entry = redis.pcall('XADD', stream, '*', unpack(ARGV, from, to))
    if type(entry) == 'table' then return refused(error_of(entry)) end
    return entry .. ':1'
  end
  local known = redis.pcall('HGET', later, id)
  if type(known) == 'table' then return refused(error_of(known)) end
  if not known then
    local size = redis.pcall('ZCOUNT', when, '-inf', '+inf')
    if type(size) == 'table' then return refused(error_of(size)) end
    if size >= cap then return refused('!FULL') end
    local stored = redis.pcall('HSET', later, id, cjson.encode({ unpack(ARGV, from, to) }))
    if type(stored) == 'table' then return refused(error_of(stored)) end
  end
  local noted = redis.pcall('ZADD', when, 'NX', whole(due), id)
  if type(noted) == 'table' then
    if not known then redis.call('HDEL', later, id) end
    return refused(error_of(noted))
  end
  if redis.call('ZRANGEBYSCORE', when, '-inf', '+inf', 'LIMIT', 0, 1)[1] == id then
    local tag, name = string.match(stream, '^({.-}):s:(.*)$')
    local groups, told = redis.pcall('XINFO', 'GROUPS', stream), {}
    for _, g in ipairs(groups.err and {} or groups) do
      -- Groups of broadcasts belong to the group before the brace.
      local group = string.match(g[2], '^[^{]+')
      if group and not told[group] then
        told[group] = true
        redis.pcall('SPUBLISH', tag .. ':nudge:' .. group, 'due ' .. whole(due) .. ' ' .. name)
      end
    end
  end
  return token
end
`;
