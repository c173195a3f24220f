import { defineScript } from '../script.js';
import { LUA_ANSWER } from './settle.lua.js';

/** Milliseconds for which a start is remembered: longer than a call lasts, and not for ever. */
const STARTED_LIFE = 86_400_000;

/**
 * Starts entries that may be started once only (rule L18): each is acknowledged, but kept, and noted
 * under its consumer; settling deletes both. A start whose answer was lost is repeated, and "started by
 * me already" means: run it.
 *
 * KEYS: lease, stream, started:<stream>. ARGV: token, group, consumer, ids…
 * Returns 'missing', 'fenced' or 'ok flags': per id 1 (run it) or 0 (somebody else's).
 */
export const startScript = defineScript(
  'start',
  `
local held = redis.call('GET', KEYS[1])
if not held then return 'missing' end
if held ~= ARGV[1] then return 'fenced' end
local flags = ''
for i = 4, #ARGV do
  local id = ARGV[i]
  local name = ARGV[2] .. ' ' .. id
  local by = redis.call('HGET', KEYS[3], name)
  local mine = by == ARGV[3]
  if not by then
    local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], id, id, 1, ARGV[3])
    if not pending.err and #pending == 1 then
      redis.call('HSET', KEYS[3], name, ARGV[3])
      redis.call('PEXPIRE', KEYS[3], ${STARTED_LIFE})
      redis.call('XACK', KEYS[2], ARGV[2], id)
      mine = true
    end
  end
  flags = flags .. (mine and '1' or '0')
end
return 'ok ' .. flags
`,
  'allow-oom',
);

/**
 * Entries that a consumer has started and not finished: a revoked one, or the one that asks.
 * KEYS: its lease, stream, started:<stream>. ARGV: the consumer, group, what the lease must hold.
 * Returns { 'alive' } or { 'ok', id, header or '' … }.
 */
export const interruptedScript = defineScript(
  'interrupted',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[3] then return { 'alive' } end
local answer = { 'ok' }
local started = redis.pcall('HGETALL', KEYS[3])
for i = 1, #started, 2 do
  local group, id = string.match(started[i], '^(%S+) (%d+%-%d+)$')
  if started[i + 1] == ARGV[1] and group == ARGV[2] then
    local header = ''
    local entry = redis.pcall('XRANGE', KEYS[2], id, id)[1]
    if entry then
      for f = 1, #entry[2], 2 do
        if entry[2][f] == 'c' then header = entry[2][f + 1] break end
      end
    end
    answer[#answer + 1] = id
    answer[#answer + 1] = header
  end
end
return answer
`,
);

/**
 * Ends an entry that a revoked consumer had started, or this one in a memory that Redis lost: its caller
 * is told that it may have run. An event stays for the other groups. It was acknowledged at its start, but
 * a group that was destroyed since and made anew may have handed it out once more, to somebody who waits
 * to start it.
 * KEYS: my lease, its lease, stream, started:<stream>, reply log (or my lease without a caller).
 * ARGV: my token, the consumer, group, id, frame or '', life of the log (ms), what its lease must hold.
 * Returns 'ok', 'lost', 'missing' or 'fenced'.
 */
export const endInterruptedScript = defineScript(
  'end-interrupted',
  `
${LUA_ANSWER}
local held = redis.call('GET', KEYS[1])
if not held then return 'missing' end
if held ~= ARGV[1] then return 'fenced' end
if redis.call('GET', KEYS[2]) ~= ARGV[7] then return 'lost' end
local name = ARGV[3] .. ' ' .. ARGV[4]
if redis.call('HGET', KEYS[4], name) ~= ARGV[2] then return 'lost' end
redis.call('HDEL', KEYS[4], name)
redis.pcall('XACK', KEYS[3], ARGV[3], ARGV[4])
if ARGV[5] ~= '' then
  answer(KEYS[5], ARGV[5], ARGV[6])
  redis.pcall('XDEL', KEYS[3], ARGV[4])
end
return 'ok'
`,
  'allow-oom',
);
