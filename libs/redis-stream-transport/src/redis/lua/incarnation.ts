/**
 * Lua: `renewed(incarnation, fresh)` gives id and birth of the incarnation. It takes the fresh random id when
 * this may be another memory than the key names: the key is missing, or the server's run id differs. Needs LUA_NOW.
 *
 * `born` only moves when memory was lost; recreating a group changes the id alone.
 */
export const LUA_INCARNATION = `
local function renewed(incarnation, fresh)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local known = redis.call('HMGET', incarnation, 'id', 'run', 'born')
  if known[1] and known[2] == run then return known[1], known[3] end
  redis.call('HSET', incarnation, 'id', fresh, 'run', run, 'born', whole(now))
  return fresh, whole(now)
end
`;
