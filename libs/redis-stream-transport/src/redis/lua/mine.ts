/**
 * Lua that ends a script with `lost` unless the entry `id` of `stream` is pending in `group` under `consumer`.
 */
export const LUA_MINE = `
local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
if pending.err or not pending[1] or pending[1][2] ~= consumer then return 'lost' end
`;
