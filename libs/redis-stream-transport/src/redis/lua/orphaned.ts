/** Milliseconds for which a group goes on with requests that it has left to another one. */
const DAY = 86_400_000;

/**
 * Lua: `orphaned(stream, registry, started, group, id)` says whether an entry is pending under no consumer, and is
 * not one that was started once. A group that has left the requests of a pattern goes on with those that it was handed before:
 * these are no orphans of the other one, for a day at most.
 */
export const LUA_ORPHANED = `
local leavers
local function orphaned(stream, registry, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending > 0 or redis.pcall('HEXISTS', started, group .. ' ' .. id) ~= 0 then return false end
  if not leavers then
    leavers = {}
    local fields = redis.pcall('HGETALL', registry)
    for i = 1, fields.err and 0 or #fields, 2 do
      local of = string.match(fields[i], '^(%S+) wild$')
      if of and of ~= group and string.match(fields[i + 1], '^e %d+ %d+%-%d+$') then leavers[#leavers + 1] = of end
    end
  end
  for _, of in ipairs(leavers) do
    local theirs = redis.pcall('XPENDING', stream, of, id, id, 1)
    if not theirs.err and #theirs > 0 and theirs[1][3] < ${DAY} then return false end
  end
  return true
end
`;
