/**
 * Lua: `finish(drop)` acknowledges the entry `id` of `stream` for `group` and removes its note from `due`. With
 * `drop` it deletes the entry: no other group needs it. It never raises: when it runs, a reply or a letter has been
 * written, and a repeat of the script would write it again.
 */
export const LUA_FINISH = `
local function finish(drop)
  redis.pcall('XACK', stream, group, id)
  redis.pcall('HDEL', due, group .. ' ' .. id)
  if drop then redis.pcall('XDEL', stream, id) end
end
`;
