/**
 * Lua: `isRead(rule, class, own, live)` says whether all who read a pattern's own stream read this stream of one of its
 * classes too. Rule `c`, for calls: at least one instance answers the pattern now, and each that does is listed as a
 * consumer of the stream. Rule `e`, for events: the own stream has a group at least, and each has consumers, and each of
 * these is listed in the same group of the class too. What cannot be read is not. Needs LUA_NOW.
 */
export const LUA_CLASSES = `
local function listed(stream, group)
  local list, all = redis.pcall('XINFO', 'CONSUMERS', stream, group), {}
  for _, each in ipairs(list.err and {} or list) do all[each[2]] = true end
  return all
end
local function isRead(rule, class, own, live)
  local any = false
  if rule == 'c' then
    local readers, members = {}, redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
    for _, member in ipairs(members.err and {} or members) do
      local group, consumer = string.match(member, '^(%S+) (%S+)')
      if not group then return false end
      readers[group] = readers[group] or listed(class, group)
      if not readers[group][consumer] then return false end
      any = true
    end
    return any
  end
  local groups = redis.pcall('XINFO', 'GROUPS', own)
  for _, each in ipairs(groups.err and {} or groups) do
    local readers, here = listed(class, each[2]), listed(own, each[2])
    if not next(here) then return false end
    for consumer in pairs(here) do
      if not readers[consumer] then return false end
    end
    any = true
  end
  return any
end
`;
