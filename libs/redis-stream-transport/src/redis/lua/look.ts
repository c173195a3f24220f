/** Field of the incarnation: until when, by the time in their ids, packs must be looked at before they run. */
export const LOOK = 'look';

/**
 * Lua: `lookUpTo(incarnation, id)` says that packs up to the entry `id` must be looked at before they run: something
 * was noted of them that a reader does not see. The mark is only ever raised. Needs LUA_IDS.
 */
export const LUA_LOOK = `
local function lookUpTo(incarnation, id)
  local known = tonumber(redis.call('HGET', incarnation, '${LOOK}') or 0) or 0
  local ms = split(id)
  if ms > known then redis.call('HSET', incarnation, '${LOOK}', string.format('%.0f', ms)) end
end
`;
