import { LUA_BACKLOG } from '../redis/lua/backlog.js';
import { LUA_MAKE_KNOWN } from '../redis/lua/make-known.js';
import { LUA_NOW } from '../redis/lua/time.js';
import { defineScript } from '../redis/operations/script.js';

/**
 * Moves a dead letter back into a stream. Idempotent: the note `replayed` says for a while what became of it.
 *
 * `cap` bounds the backlog of the stream, `life` is that of the note (ms), `fields` are those of the new entry. `name` is that of
 * the stream, if it is that of a pattern, else '': services with wildcards hear of it, which may have dropped it.
 * Answers 'ok <id>', 'gone' (no such letter, or it was discarded) or 'full'.
 *
 * Failure: what can fail is the first write, so an error changes nothing.
 */
export const replayScript = defineScript({
  name: 'replay',
  keys: ['dead', 'stream', 'replayed', 'streams'],
  args: ['letter', 'cap', 'life', 'name', '...fields'],
  lua: `
${LUA_NOW}
${LUA_BACKLOG}
${LUA_MAKE_KNOWN}
local note = redis.call('GET', replayed)
if note then return 'ok ' .. note end
if #redis.call('XRANGE', dead, letter, letter) == 0 then return 'gone' end
local most, len = tonumber(cap), redis.call('XLEN', stream)
if len >= most and backlog(stream, len) >= most then return 'full' end
local id = redis.call('XADD', stream, '*', unpack(fields))
redis.call('SET', replayed, id, 'PX', life)
redis.call('XDEL', dead, letter)
if name ~= '' then makeKnown(streams, name) end
return 'ok ' .. id
`,
});
