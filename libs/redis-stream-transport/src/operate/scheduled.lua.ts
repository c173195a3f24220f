/**
 * Lua: `scheduled(when)` returns how many entries of a stream are due later, and for how long the first of these has been due
 * (ms), or '' if none is. What is of another type counts as nothing. Needs LUA_NOW.
 */
export const LUA_SCHEDULED = `
local function scheduled(when)
  local count = redis.pcall('ZCOUNT', when, '-inf', '+inf')
  if type(count) ~= 'number' or count == 0 then return '0', '' end
  local at = tonumber(redis.call('ZRANGEBYSCORE', when, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2])
  return whole(count), at <= now and whole(now - at) or ''
end
`;
