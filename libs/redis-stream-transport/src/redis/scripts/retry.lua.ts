import { defineScript, LUA_NOW } from '../script.js';
import { REQUESTS_UNTIL } from './janitor.lua.js';
import { LUA_ANSWER } from './settle.lua.js';

const DAY = 86_400_000;

const LUA_HELD = `
local held = redis.call('GET', KEYS[1])
if not held then return 'missing' end
if held ~= ARGV[1] then return 'fenced' end
`;

const LUA_MINE = `
${LUA_HELD}
local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], ARGV[4], ARGV[4], 1)
if pending.err or not pending[1] or pending[1][2] ~= ARGV[3] then return 'lost' end
`;

/**
 * Notes when an entry is due again. It keeps its id and stays pending under its owner; nothing is added
 * to the stream, where every group would see it (rule L17). Whoever takes it over honours the note.
 *
 * KEYS: lease, stream, due:<stream>. ARGV: token, group, consumer, id, delay (ms), attempts so far,
 * state of the attempt, deliveries by instances that left by themselves. Returns 'ok', 'lost', 'missing',
 * 'fenced', or 'unnoted' where the notes have a key of another type: only its owner knows of it then.
 */
export const retryScript = defineScript(
  'retry',
  `
${LUA_NOW}
${LUA_MINE}
local note = whole(now + ARGV[5]) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8]
local noted = redis.pcall('HSET', KEYS[3], ARGV[2] .. ' ' .. ARGV[4], note)
if type(noted) ~= 'table' then return 'ok' end
if string.find(noted.err, 'WRONGTYPE', 1, true) then return 'unnoted' end
return noted
`,
);

/**
 * Moves an entry to the dead letters of its group and tells its caller. What may be started once only
 * was acknowledged at its start, and noted. An idempotency key under which it ran is free again.
 *
 * KEYS: lease, stream, due:<stream>, dead:<group>, reply log (or the lease again without a caller),
 * started:<stream>, key record (or the lease again without a key).
 * ARGV: token, group, consumer, id, delete (0/1), frame or '', life of the log (ms), dead letters kept,
 * then the fields of the dead letter. Returns 'ok' and the id of the letter, 'lost', 'missing' or 'fenced'.
 */
export const deadLetterScript = defineScript(
  'dead-letter',
  `
${LUA_ANSWER}
${LUA_HELD}
local name = ARGV[2] .. ' ' .. ARGV[4]
if redis.pcall('HGET', KEYS[6], name) ~= ARGV[3] then
  local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], ARGV[4], ARGV[4], 1)
  if pending.err or not pending[1] or pending[1][2] ~= ARGV[3] then return 'lost' end
end
local letter = redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[8], '*', unpack(ARGV, 9))
if ARGV[6] ~= '' then answer(KEYS[5], ARGV[6], ARGV[7]) end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[4])
-- Behind the letter nothing raises: a repeat would write another one.
redis.pcall('HDEL', KEYS[3], name)
redis.pcall('HDEL', KEYS[6], name)
if KEYS[7] ~= KEYS[1] and redis.pcall('HGET', KEYS[7], 'e') == ARGV[4] then redis.call('DEL', KEYS[7]) end
if ARGV[5] == '1' then redis.call('XDEL', KEYS[2], ARGV[4]) end
return 'ok ' .. letter
`,
);

/**
 * Decides about a request for which this group has no handler (rule L19): another live group answers it
 * and will, so it is acknowledged silently; or a member of this group does (a newer version of the
 * service), so it is handed over; or nobody does, so its caller is told and it goes. A member that does not
 * read the stream would never find the entry.
 *
 * KEYS: lease, stream, due:<stream>, live:<pattern>, reply log, groups:<stream>. ARGV: token, group, consumer,
 * id, frame, life of the log (ms), whether it may be handed over (0/1), its deadline ('' for none).
 * Returns 'acked', 'handed <consumer>', 'answered', 'lost', 'missing' or 'fenced'.
 */
export const noHandlerScript = defineScript(
  'no-handler',
  `
${LUA_NOW}
${LUA_ANSWER}
${LUA_MINE}
local stream, group, id = KEYS[2], ARGV[2], ARGV[4]
local elsewhere = false
local reads = {}
if ARGV[7] == '1' then
  for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do reads[c[2]] = true end
end
local members = redis.pcall('ZRANGEBYSCORE', KEYS[4], whole(now), '+inf')
if members.err then
  if not string.find(members.err, 'WRONGTYPE', 1, true) then return members end
  -- Nobody can be announced there. A group that answers requests of this stream may answer this one.
  members = {}
  local registry = redis.pcall('HGETALL', KEYS[6])
  for i = 1, #registry, 2 do
    if registry[i] ~= group and string.match(registry[i + 1], '^%d+ r ') then elsewhere = true end
  end
end
for _, member in ipairs(members) do
  local other, consumer = string.match(member, '^([^ ]+) ([^ ]+)')
  if not other then
    -- Somebody else wrote there.
  elseif other == group and consumer ~= ARGV[3] and reads[consumer] then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'JUSTID')
    return 'handed ' .. consumer
  elseif other ~= group then
    elsewhere = true
  end
end
if not elsewhere then answer(KEYS[5], ARGV[5], ARGV[6]) end
redis.call('XACK', stream, group, id)
redis.pcall('HDEL', KEYS[3], group .. ' ' .. id)
if elsewhere then
  -- The group that answers may not be there yet: the janitor is to know that the request is.
  local till = tonumber(ARGV[8]) or now + ${DAY}
  local noted = tonumber(redis.pcall('HGET', KEYS[6], '${REQUESTS_UNTIL}') or 0) or 0
  if noted < till then redis.pcall('HSET', KEYS[6], '${REQUESTS_UNTIL}', whole(till)) end
  return 'acked'
end
redis.call('XDEL', stream, id)
return 'answered'
`,
  'allow-oom',
);
