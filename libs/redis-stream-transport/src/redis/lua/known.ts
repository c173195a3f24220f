/**
 * Milliseconds after the loss of Redis' memory for which streams become known although no service has wildcards: those that
 * have may come back with the next renewals of their leases only. A lease is renewed after 200 s at the latest.
 */
export const YOUNG = 600_000;

/**
 * Lua that gives the local `becomeKnown` its value, once in a script and only where it is asked for: `becomeKnown(streams, stream)` makes a stream known to services with wildcards, if there are any, or may be. The key
 * `streams` is one for all streams of a script. A name begins after the tag and `:s:`. Needs LUA_NOW, `incarnation` and `becomeKnown`.
 */
export const LUA_BECOME_KNOWN = `
local watch
function becomeKnown(streams, stream)
  if watch == nil then
    watch = redis.pcall('EXISTS', streams) == 1
    if not watch then
      local born = tonumber(redis.pcall('HGET', incarnation, 'born') or 0) or 0
      watch = now - born < ${YOUNG} and 'young'
    end
  end
  if not watch then return end
  local name = string.sub(stream, #streams - 4)
  if redis.pcall('ZADD', streams, 'NX', whole(now), 's' .. name) ~= 1 then return end
  if watch == 'young' then redis.pcall('PEXPIRE', streams, ${YOUNG}) end
  watch = true
  redis.pcall('SPUBLISH', streams, name)
end
`;
