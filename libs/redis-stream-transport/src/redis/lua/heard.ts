/**
 * Lua that gives the local `heardBy` its value, so that it is made where it is asked for, once in a script: `heardBy(own)` says by
 * how many instances of a group the events of the stream `own` are heard, of the group that has most, if all who read the
 * stream take packs of events; else it is 0. Each group of the stream must have an instance that is announced for it, and
 * nobody may read it unannounced: who is listed there and is a member with a lease. Others in that list are dead. Whose members
 * cannot be read may live. A group that nobody reads now may be read by anybody, and so may one that is registered and missing.
 * A group of broadcasts goes with its instance, so none waits for another one. What cannot be read takes no packs.
 * It names keys that are none of the script's: `hears`, `members` and `groups`. Needs LUA_NOW and `heardBy`.
 */
export const LUA_HEARD = `
function heardBy(own)
  local tag, name = string.match(own, '^({.-}):s:(.*)$')
  local announced = tag and redis.pcall('ZRANGEBYSCORE', tag .. ':hears:' .. name, whole(now), '+inf')
  local groups = redis.pcall('XINFO', 'GROUPS', own)
  local known = tag and redis.pcall('HGETALL', tag .. ':groups:' .. name)
  if not tag or announced.err or groups.err or known.err then return 0 end
  local takes, here, most = {}, {}, 0
  for _, member in ipairs(announced) do
    local instance, flag = string.match(member, '^(%S+ %S+) (%S+)$')
    if instance then takes[instance] = flag == 'packs' end
  end
  local function mayLive(group, consumer)
    local till = redis.pcall('ZSCORE', tag .. ':members:' .. group, consumer)
    return till and (till.err or now <= tonumber(till))
  end
  for _, each in ipairs(groups) do
    local group, takers = each[2], 0
    local service = string.match(group, '^([^{]+){') or group
    local consumers = redis.pcall('XINFO', 'CONSUMERS', own, group)
    if consumers.err then return 0 end
    here[group] = true
    for _, listed in ipairs(consumers) do
      if takes[service .. ' ' .. listed[2]] then
        takers = takers + 1
      elseif mayLive(service, listed[2]) then
        return 0
      end
    end
    if takers == 0 and service == group then return 0 end
    most = math.max(most, takers)
  end
  for i = 1, #known, 2 do
    if string.match(known[i + 1], '^%d+ %l ') and not here[known[i]] then return 0 end
  end
  return most
end
`;
