/**
 * Lua: `finish(drop)` takes the entry `id` of `stream` off the lists of `group`, with its note in `due`, and
 * deletes it if nobody else needs it. Nothing raises: when this runs, an answer or a letter is written, and a
 * repeat would write it again.
 */
export const LUA_FINISH = `
local function finish(drop)
  redis.pcall('XACK', stream, group, id)
  redis.pcall('HDEL', due, group .. ' ' .. id)
  if drop then redis.pcall('XDEL', stream, id) end
end
`;
