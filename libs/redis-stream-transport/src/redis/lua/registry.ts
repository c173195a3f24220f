/**
 * Lua: `registered(registry, group)` is what the registry of a stream says of a group, and `notFor` the id up to
 * which events are not for it; nil for neither.
 *
 * A group has no white space in its name, so the field of what it is not given is nobody's name. Earlier
 * versions wrote `<group>/since`, which may be: an id is no registration, nor the other way round.
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

/** Field of a registry: until when there may be requests that a group has left to another one. No group has a space. */
export const REQUESTS_UNTIL = 'requests until';
