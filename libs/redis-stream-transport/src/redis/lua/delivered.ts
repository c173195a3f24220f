/** Lua: `delivered(stream, group)` is the last id that a group was handed, or nil where there is no such group. Needs `LUA_IDS`. */
export const LUA_DELIVERED = `
local function delivered(stream, group)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, g in ipairs(groups) do
    if field(g, 'name') == group then return field(g, 'last-delivered-id') end
  end
end
`;
