/**
 * Lua: `now` is the time of Redis in milliseconds, and `whole(n)` writes a whole number as digits. Lua itself would
 * write `1e+14`.
 */
export const LUA_NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function whole(n) return string.format('%.0f', n) end
`;
