/**
 * Lua: `noted(due, group, id)` is the note about a pending entry; '' if there is none, or if the key has another type.
 */
export const LUA_NOTES = `
local function noted(due, group, id)
  local note = redis.pcall('HGET', due, group .. ' ' .. id)
  return type(note) == 'string' and note or ''
end
`;
