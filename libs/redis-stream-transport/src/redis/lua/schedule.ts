/**
 * Lua: stores an entry of a batch that is due later; `scheduled(later, when, stream, id, at, from, to)` returns the
 * token of its section. The fields are ARGV `from` to `to`. Both writes are made or none, and what is there already
 * under the id stays as it is. If it is the first of its stream to be due, the members of all groups of the stream are
 * told. Needs LUA_NOW, `cap` and `error_of`.
 */
export const LUA_SCHEDULE = `
local function scheduled(later, when, stream, id, at, from, to)
  -- Milliseconds: since 1970, or from now with a + before them.
  local due = whole(string.sub(at, 1, 1) == '+' and now + tonumber(at) or tonumber(at))
  local known = redis.pcall('HGET', later, id)
  if type(known) == 'table' then return '-:0' .. error_of(known) end
  if not known then
    local size = redis.pcall('ZCOUNT', when, '-inf', '+inf')
    if type(size) == 'table' then return '-:0' .. error_of(size) end
    if size >= cap then return '-:0!FULL' end
    local stored = redis.pcall('HSET', later, id, cjson.encode({ unpack(ARGV, from, to) }))
    if type(stored) == 'table' then return '-:0' .. error_of(stored) end
  end
  local noted = redis.pcall('ZADD', when, 'NX', due, id)
  if type(noted) == 'table' then
    if not known then redis.call('HDEL', later, id) end
    return '-:0' .. error_of(noted)
  end
  if redis.call('ZRANGEBYSCORE', when, '-inf', '+inf', 'LIMIT', 0, 1)[1] == id then
    local tag, name = string.match(stream, '^({.-}):s:(.*)$')
    local groups, told = redis.pcall('XINFO', 'GROUPS', stream), {}
    for _, g in ipairs(groups.err and {} or groups) do
      -- Groups of broadcasts belong to the group before the brace.
      local group = string.match(g[2], '^[^{]+')
      if group and not told[group] then
        told[group] = true
        redis.pcall('SPUBLISH', tag .. ':nudge:' .. group, 'due ' .. due .. ' ' .. name)
      end
    end
  end
  return due .. '-0:1'
end
`;
