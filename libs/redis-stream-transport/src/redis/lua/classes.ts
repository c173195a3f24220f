/**
 * Lua that gives the local `isRead` its value, so that it is made where a class is asked for, once in a script, and costs nothing
 * elsewhere: `isRead(rule, class, own, live, streams)` says whether all who read a pattern's own stream read this stream of one of its
 * classes too. Rule `c`, for calls: of the instances that are announced for the pattern at least one is listed as a consumer of
 * the class. Rule `e`, for events: the own stream has a group at least, and each has a consumer that is listed in the same
 * group of the class. And nobody reads the own stream only: who is listed there alone and is a member with a lease. Others
 * in that list are dead: they stay there while what they have left is taken over, and read nothing more. Whose members
 * cannot be read may live. What else cannot be read is not there. A group with a wildcard reads no class, and may not be there yet.
 * So with `streams` (the key of known streams) no event goes to a class before each group whose wildcard may stand for the own stream
 * has a group there, or has looked since that became known. Nor does one of a client that may not read these keys.
 * Needs LUA_NOW and `isRead`.
 */
export const LUA_CLASSES = `
local lists = {}
local function listed(stream, group)
  local name = stream .. ' ' .. group
  if not lists[name] then
    local list, all = redis.pcall('XINFO', 'CONSUMERS', stream, group), {}
    for _, each in ipairs(list.err and {} or list) do all[each[2]] = true end
    lists[name] = all
  end
  return lists[name]
end
local function reads(stream, group, consumer) return listed(stream, group)[consumer] end
local function lives(own, group, consumer)
  local members = (string.match(own, '^({.-}):s:') or own) .. ':members:' .. group
  local living = redis.pcall('ZRANGEBYSCORE', members, whole(now), '+inf')
  for _, each in ipairs(living.err and { consumer } or living) do
    if each == consumer then return true end
  end
  return false
end
local function readsOwnOnly(class, own, group, consumer)
  return not reads(class, group, consumer) and reads(own, group, consumer) and lives(own, group, consumer)
end
local areWildcards, marks
local function isAwaited(streams, own, here)
  if areWildcards == nil then areWildcards = redis.pcall('EXISTS', streams) ~= 0 end
  if not areWildcards then return false end
  local name = string.sub(own, #streams - 4)
  local since = redis.pcall('ZSCORE', streams, 's' .. name) or 'inf'
  if type(since) ~= 'string' then return true end
  if not marks then
    local looked = string.sub(streams, 1, -8) .. 'looked'
    marks = redis.pcall('ZRANGEBYSCORE', looked, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1000)
  end
  if marks.err then return true end
  since = tonumber(since) or math.huge
  for i = 1, #marks, 2 do
    if tonumber(marks[i + 1]) > since then return false end
    local group, start = string.match(marks[i], '^(%S+) ([^*?%[\\\\]*)')
    if group and not here[group] and string.sub(name, 1, #start) == start then return true end
  end
  return #marks == 2000
end
function isRead(rule, class, own, live, streams)
  local any = false
  if rule == 'c' then
    local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
    for _, member in ipairs(members.err and {} or members) do
      local group, consumer = string.match(member, '^(%S+) (%S+)')
      if not group then return false end
      if readsOwnOnly(class, own, group, consumer) then return false end
      any = any or reads(class, group, consumer)
    end
    return any
  end
  local groups, here = redis.pcall('XINFO', 'GROUPS', own), {}
  for _, each in ipairs(groups.err and {} or groups) do
    local group, isHere = each[2], false
    here[group] = true
    for consumer in pairs(listed(own, group)) do
      if readsOwnOnly(class, own, group, consumer) then return false end
      isHere = isHere or reads(class, group, consumer)
    end
    if not isHere then return false end
    any = true
  end
  return any and not (streams and isAwaited(streams, own, here))
end
`;
