/**
 * Lua: `isOpen(id, header)` says whether an entry with this header line is a request whose deadline has not
 * passed. One whose call or caller cannot be read is none: nobody can be told, and it ends as an event does. Needs LUA_NOW
 * and LUA_IDS.
 */
export const LUA_HEADER = `
local function isOpen(id, header)
  local call, caller, timeout = string.match(header, '^%d+ %S+ ([%w_-]+) ([%w_-]+) (%d+)')
  if not call or #call > 64 or #caller < 16 or #caller > 32 then return false end
  return timeout == '0' or now < split(id) + timeout
end
`;
