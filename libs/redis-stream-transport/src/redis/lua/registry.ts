/**
 * Lua: `registered(registry, group)` is the entry of a group in the registry of a stream, and `notFor` the id up to
 * which events are not for the group; nil if there is none.
 *
 * The field of that id is `<group> since`. No group has white space in its name, so no group has this name. Earlier
 * versions wrote `<group>/since`, which may be the name of a group: the form of the value tells the two apart.
 */
export const LUA_REGISTRY = `
local function registered(registry, group)
  local value = redis.call('HGET', registry, group)
  if value and string.match(value, '^%d+ %l') then return value end
end
local function notFor(registry, group)
  local since = redis.call('HGET', registry, group .. ' since') or redis.call('HGET', registry, group .. '/since')
  if since and string.match(since, '^%d+%-%d+$') then return since end
end
`;

/**
 * Field of a registry: until when there may be requests that a group has left to another one. No group has this name.
 */
export const REQUESTS_UNTIL = 'requests until';
