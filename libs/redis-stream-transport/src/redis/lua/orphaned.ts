/**
 * Lua: `orphaned(stream, started, group, id)` says whether an entry is pending under no consumer, and is
 * not one that was started once.
 */
export const LUA_ORPHANED = `
local function orphaned(stream, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  return not pending.err and #pending == 0 and redis.pcall('HEXISTS', started, group .. ' ' .. id) == 0
end
`;
