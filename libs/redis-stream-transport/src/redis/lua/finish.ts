/**
 * Lua: `finish(drop)` acknowledges the entry `id` of `stream` for `group` and removes its note from `due`. With
 * `drop` it deletes the entry: no other group needs it. A call of a pack takes its entry along when it is the last to
 * end. Returns whether the entry has ended. It never raises: when it runs, a reply or a letter has been written, and a
 * repeat of the script would write it again. Needs LUA_PACK and LUA_PLACE.
 */
export const LUA_FINISH = `
local function finish(drop)
  if size > 0 then
    redis.pcall('HDEL', due, group .. ' ' .. name)
    if not noteLetters(part, stream, group, note, size, only(size, place, 'x')) then return false end
  end
  redis.pcall('XACK', stream, group, id)
  redis.pcall('HDEL', due, group .. ' ' .. id)
  if drop then redis.pcall('XDEL', stream, id) end
  return true
end
`;
