import { LUA_RUN } from './run.js';

/**
 * Lua: `renewed(incarnation, fresh)` returns id and birth of the incarnation. If this may be another memory than the
 * one that the key names, it first takes the random id `fresh`: the key is missing, or the run id of the server
 * differs. Needs LUA_NOW.
 *
 * `born` changes only when memory was lost. When a group is made anew, only the id changes.
 */
export const LUA_INCARNATION = `
local function renewed(incarnation, fresh)
  ${LUA_RUN}
  local known = redis.call('HMGET', incarnation, 'id', 'run', 'born')
  if known[1] and known[2] == run then return known[1], known[3] end
  redis.call('HSET', incarnation, 'id', fresh, 'run', run, 'born', whole(now))
  return fresh, whole(now)
end
`;
