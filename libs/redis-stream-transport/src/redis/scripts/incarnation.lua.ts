import { defineScript, LUA_NOW } from '../script.js';

/**
 * Lua that renews the incarnation when this may be another memory than it names: the key is missing, or
 * the server's run id differs. Needs KEYS[incarnation] and a fresh random id.
 *
 * `born` only moves when memory was lost; recreating a group changes the id alone.
 */
export const LUA_INCARNATION = `
local function incarnation(key, fresh)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  local known = redis.call('HMGET', key, 'id', 'run', 'born')
  if known[1] and known[2] == run then return known[1], known[3] end
  redis.call('HSET', key, 'id', fresh, 'run', run, 'born', whole(now))
  return fresh, whole(now)
end
`;

const HELLO = `
${LUA_NOW}
${LUA_INCARNATION}
local probe = redis.pcall('PERSIST', KEYS[1])
if type(probe) == 'table' and string.sub(probe.err or '', 1, 8) == 'READONLY' then return probe end
local id, born = incarnation(KEYS[1], ARGV[1])
return { id, born, whole(now) }
`;

/**
 * Asks a new connection which memory it reached, and what time it is there. Raises READONLY on a server
 * that takes orders from another one, by a write that changes nothing; a primary that refuses writes for
 * other reasons is still the server to talk to.
 *
 * KEYS: incarnation. ARGV: fresh random id.
 * Returns { id, born, now }, times in milliseconds.
 */
export const helloScript = defineScript('hello', HELLO);

/**
 * The same for a server whose memory is full. Flags are not for the plain one: Redis refuses whatever has any
 * as soon as it refuses writes for another reason.
 */
export const helloWhenFullScript = defineScript('hello-when-full', HELLO, 'allow-oom');
