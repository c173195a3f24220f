import { defineScript, LUA_NOW } from '../script.js';
import { LUA_INCARNATION } from './incarnation.lua.js';

export const LUA_IDS = `
local function split(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  return am < bm or (am == bm and as < bs)
end
local function field(flat, name)
  for i = 1, #flat, 2 do
    if flat[i] == name then return flat[i + 1] end
  end
end
`;

/**
 * Lua that reads the registry of a stream. A group has no white space in its name, so the field of what it
 * is not given is nobody's name. Earlier versions wrote `<group>/since`, which may be: an id is no
 * registration, nor the other way round.
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
 * Makes sure that a group exists on a stream (rules L19, L20).
 *
 * A lost group is recreated at its stored cursor, else at 0, never at the end. A new group begins at 0
 * when the stream has none yet or when it answers requests; only further groups of pure event services
 * begin at the end, and the groups of broadcasts always do.
 *
 * KEYS: stream, groups:<stream>, incarnation, and started:<stream> if nothing is to be read without it.
 * ARGV: group, kind (r: answers requests, e: events, b: broadcast), history (0/1), fresh incarnation id,
 * consumer ('' for none), which is listed from then on: who hands a request over must know who reads the stream.
 * Returns { 'wrong', key, type } when something else stands under one of these names, or
 * { 'had' | 'new' | 'lost' (it had been registered before), since }: events up to `since` were
 * there before the group and are not for it; '' for none. A service that answers requests must begin at
 * 0, so that no request is missed, and acknowledges those events unrun.
 */
export const groupScript = defineScript(
  'group',
  `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
${LUA_REGISTRY}
for i, key in ipairs(KEYS) do
  local is = redis.call('TYPE', key).ok
  if is ~= (i == 1 and 'stream' or 'hash') and is ~= 'none' then return { 'wrong', key, is } end
end
local function list()
  if ARGV[5] ~= '' then redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[5]) end
end
local existed = redis.call('EXISTS', KEYS[1]) == 1
local groups = existed and redis.call('XINFO', 'GROUPS', KEYS[1]) or {}
local others = 0
for _, g in ipairs(groups) do
  if field(g, 'name') == ARGV[1] then
    list()
    return { 'had', notFor(KEYS[2], ARGV[1]) or '' }
  end
  others = others + 1
end
local known = registered(KEYS[2], ARGV[1])
local start, since = '0', notFor(KEYS[2], ARGV[1]) or ''
if not known and others > 0 and ARGV[2] == 'r' and ARGV[3] == '0' then
  since = field(redis.call('XINFO', 'STREAM', KEYS[1]), 'last-generated-id')
  redis.call('HSET', KEYS[2], ARGV[1] .. ' since', since)
end
if ARGV[2] == 'b' then
  start = '$'
elseif known then
  local cursor = string.match(known, ' (%d+%-%d+)$')
  if existed and cursor and not before(field(redis.call('XINFO', 'STREAM', KEYS[1]), 'last-generated-id'), cursor) then
    start = cursor
  end
elseif others > 0 and ARGV[2] == 'e' and ARGV[3] == '0' then
  start = '$'
end
-- From here on "never delivered" may be said of an entry that was delivered by the lost group.
if existed and start ~= '$' then
  incarnation(KEYS[3], ARGV[4])
  redis.call('HSET', KEYS[3], 'id', ARGV[4])
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], start, 'MKSTREAM')
list()
if ARGV[2] ~= 'b' then
  redis.call('HSET', KEYS[2], ARGV[1], whole(now) .. ' ' .. ARGV[2] .. ' 0-0')
end
return { known and 'lost' or 'new', since }
`,
  'allow-oom',
);

/**
 * Destroys the group of a broadcast whose consumer is gone; never one that is registered, because that is
 * a service.
 * KEYS: the consumer's lease, stream, groups:<stream>. ARGV: group, tombstone, force (1: it is my own).
 * Returns 1 if it was destroyed.
 */
export const dropGroupScript = defineScript(
  'drop-group',
  `
if ARGV[3] ~= '1' and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
-- A registry that cannot be read says nothing of other groups; my own is mine all the same.
local listed = redis.pcall('HEXISTS', KEYS[3], ARGV[1])
if listed == 1 or listed ~= 0 and ARGV[3] ~= '1' then return 0 end
return redis.pcall('XGROUP', 'DESTROY', KEYS[2], ARGV[1]) == 1 and 1 or 0
`,
  'allow-oom',
);

/**
 * Takes a consumer that leaves off the lists of its group, where nothing is pending under it. It would be
 * listed until another member looks, and an instance that is never read to would not be missed.
 * KEYS: streams. ARGV: group, consumer. Returns on how many streams it was taken off.
 */
export const unlistScript = defineScript(
  'unlist',
  `
local taken = 0
for _, stream in ipairs(KEYS) do
  local pending = redis.pcall('XPENDING', stream, ARGV[1], '-', '+', 1, ARGV[2])
  -- Deleting a consumer destroys what is pending under it.
  if not pending.err and #pending == 0 then
    redis.pcall('XGROUP', 'DELCONSUMER', stream, ARGV[1], ARGV[2])
    taken = taken + 1
  end
end
return taken
`,
  'allow-oom',
);
