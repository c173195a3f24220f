/**
 * Lua: `isOpen(id, header)` says whether an entry with this header line is a request whose deadline has not
 * passed. Needs LUA_NOW and LUA_IDS.
 */
export const LUA_HEADER = `
local function isOpen(id, header)
  local caller, timeout = string.match(header, '^%d+ %S+ %S+ (%S+) (%d+)')
  return caller and caller ~= '-' and (timeout == '0' or now < split(id) + timeout)
end
`;
