import { MAX_REPLY_LOG_BYTES } from '../../protocol/limits.js';
import { defineScript } from '../script.js';

/**
 * Bytes from which a frame is published behind its id instead of together with it. Redis hashes every byte
 * of every string that Lua makes, at 1.3 ns each (measured, Redis 7.0); a message costs as much as 2 KB.
 */
const LONG_FRAME = 4096;

/**
 * Lua that appends a frame to a caller's reply log and publishes it with its id: in one message, or, when
 * the frame is long, in two.
 *
 * A log that did not exist begins with a record marked `b`: a caller that meets such a record knows that
 * frames before it may be gone. The life of a log is only ever extended.
 *
 * When the log cannot be written (its last id is the highest there is, or the key is none), the caller is told
 * so by a message with the id 0-0 and no frame: its reply is lost, and the log will not say so.
 */
export const LUA_ANSWER = `
local function unwritten(log)
  redis.pcall('PUBLISH', log, '0-0 ')
  return false
end
local function answer(log, frame, life)
  local id = redis.pcall('XADD', log, 'NOMKSTREAM', '*', 'f', frame)
  if id then
    if type(id) == 'table' then return unwritten(log) end
    redis.pcall('PEXPIRE', log, life, 'GT')
  else
    id = redis.pcall('XADD', log, '*', 'f', frame, 'b', '1')
    if type(id) == 'table' then return unwritten(log) end
    redis.pcall('PEXPIRE', log, life)
  end
  if #frame < ${LONG_FRAME} then
    redis.pcall('PUBLISH', log, id .. ' ' .. frame)
  else
    redis.pcall('PUBLISH', log, id)
    redis.pcall('PUBLISH', log, frame)
  end
  return true
end
`;

/** XACK and XDEL take their ids in slices: Lua's unpack ends at some thousands of values. */
const SLICE = 1000;

/**
 * Settles everything that one process finished in one turn: replies, acknowledgement, deletion, in one
 * fenced step. Runs when memory is full, because finished work must be able to leave.
 *
 * KEYS: lease, then the reply logs, then the streams.
 * ARGV: token, group, number of logs, number of streams; per log: frame, life (ms), force (1: append
 * although the log is full); per stream: number of entries to acknowledge only, number to acknowledge
 * and delete, and their ids in that order.
 *
 * Returns `ok` with the positions of logs that could not be written behind it (their entries are settled
 * all the same: one bad caller must not block a service), `missing` or `fenced` (nothing changed: the
 * lease is gone or is another's), `full i…` (nothing changed: these logs are at their cap).
 */
export const settleScript = defineScript(
  'settle',
  `
${LUA_ANSWER}
local lease = redis.call('GET', KEYS[1])
if not lease then return 'missing' end
if lease ~= ARGV[1] then return 'fenced' end
local group, logs, streams = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local full = ''
for i = 1, logs do
  local at = 2 + 3 * i
  if ARGV[at + 2] == '0' then
    local len = redis.pcall('XLEN', KEYS[1 + i])
    -- Measuring costs more than appending, so small frames are measured every sixteenth time.
    if type(len) == 'number' and len > 0 and (#ARGV[at] > 65536 or len % 16 == 0) then
      local used = redis.pcall('MEMORY', 'USAGE', KEYS[1 + i])
      if type(used) == 'number' and used + #ARGV[at] > ${MAX_REPLY_LOG_BYTES} then full = full .. ' ' .. i end
    end
  end
end
if full ~= '' then return 'full' .. full end
local failed = ''
for i = 1, logs do
  local at = 2 + 3 * i
  if not answer(KEYS[1 + i], ARGV[at], ARGV[at + 1]) then failed = failed .. ' ' .. i end
end
local at = 5 + 3 * logs
for s = 1, streams do
  local stream = KEYS[1 + logs + s]
  local keep, drop = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local first, last = at + 2, at + 1 + keep + drop
  for i = first, last, ${SLICE} do
    redis.pcall('XACK', stream, group, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  for i = first + keep, last, ${SLICE} do
    redis.pcall('XDEL', stream, unpack(ARGV, i, math.min(i + ${SLICE - 1}, last)))
  end
  at = last + 1
end
return 'ok' .. failed
`,
  'allow-oom',
);

/**
 * Settles entry by entry, checking who owns each (rule L11): for repeats after a lost answer, for entries
 * read before the latest reconnect, after a missing lease. XACK alone checks no owner.
 *
 * An entry is accepted if it is pending under me, or pending nowhere but still in the stream, or exists
 * nowhere although the incarnation changed since it was read. Otherwise it is somebody else's.
 *
 * KEYS: lease, incarnation, stream, due, started, key record (or the incarnation again without a key),
 * reply log (or the incarnation again when there is no reply).
 * ARGV: token, group, consumer, id, incarnation at the read, delete (0/1), frame or '', life (ms), result
 * to store under the key, '' for none, '-' to give the key up; life of the result (ms).
 * Returns `ok`, `lost`, `missing` or `fenced`.
 */
export const settleCheckedScript = defineScript(
  'settle-checked',
  `
${LUA_ANSWER}
local lease = redis.call('GET', KEYS[1])
if not lease then return 'missing' end
if lease ~= ARGV[1] then return 'fenced' end
local stream, group, id = KEYS[3], ARGV[2], ARGV[4]
local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
local owner = not pending.err and pending[1] and pending[1][2]
-- What may be started once only was acknowledged at its start, and noted.
local started = redis.pcall('HGET', KEYS[5], group .. ' ' .. id)
if type(started) ~= 'string' then started = nil end
if started then owner = started end
if owner ~= ARGV[3] then
  if owner then return 'lost' end
  local entry = redis.pcall('XRANGE', stream, id, id)
  if #entry == 0 and redis.call('HGET', KEYS[2], 'id') == ARGV[5] then return 'lost' end
end
if ARGV[7] ~= '' then answer(KEYS[7], ARGV[7], ARGV[8]) end
-- Behind the answer nothing raises: a repeat would answer again.
if ARGV[9] ~= '' and redis.pcall('HGET', KEYS[6], 'e') == id then
  if ARGV[9] == '-' then
    redis.call('DEL', KEYS[6])
  else
    redis.call('HSET', KEYS[6], 'r', ARGV[9])
    redis.call('PEXPIRE', KEYS[6], ARGV[10])
  end
end
redis.pcall('XACK', stream, group, id)
if started then redis.pcall('HDEL', KEYS[5], group .. ' ' .. id) end
redis.pcall('HDEL', KEYS[4], group .. ' ' .. id)
if ARGV[6] == '1' then redis.pcall('XDEL', stream, id) end
return 'ok'
`,
  'allow-oom',
);
