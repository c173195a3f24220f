/**
 * Lua: `makeKnown(streams, name)` makes a stream known to services with wildcards, if there are any: it holds work that nobody may
 * have written since they came. Needs LUA_NOW.
 */
export const LUA_MAKE_KNOWN = `
local function makeKnown(streams, name)
  if redis.pcall('EXISTS', streams) ~= 1 then return end
  if redis.pcall('ZADD', streams, 'NX', whole(now), 's' .. name) == 1 then redis.pcall('SPUBLISH', streams, name) end
end
`;
