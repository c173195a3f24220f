import { defineScript } from '../redis/script.js';
import { LUA_BACKLOG } from '../redis/lua/backlog.js';

/**
 * Moves a dead letter back into a stream. Idempotent: the note says for a while what became of it.
 *
 * KEYS: dead:<group>, stream, replayed:<group>:<letter>. ARGV: letter, backlog cap, life of the note
 * (ms), then the fields of the new entry. Returns 'ok <id>', 'gone' (no such letter, or it was
 * discarded) or 'full'.
 *
 * Failure: what can fail is the first write, so an error changes nothing.
 */
export const replayScript = defineScript(
  'replay',
  `
${LUA_BACKLOG}
local note = redis.call('GET', KEYS[3])
if note then return 'ok ' .. note end
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 'gone' end
local cap, len = tonumber(ARGV[2]), redis.call('XLEN', KEYS[2])
if len >= cap and backlog(KEYS[2], len) >= cap then return 'full' end
local id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
redis.call('SET', KEYS[3], id, 'PX', ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[1])
return 'ok ' .. id
`,
);
