import { defineScript, LUA_NOW } from '../script.js';

/** Value of a revoked lease: anybody may take over what is pending under it. */
export const TOMBSTONE = '+';

/**
 * Takes, renews or restores a lease and collects the cancellations that were left for its owner.
 *
 * KEYS: lease, members, inbox. ARGV: token, consumer, time to live (ms), take (0/1).
 * With take = 0 a missing lease is only reported: its owner must first check what it still owns.
 *
 * Returns { 'ok', now, live members of the group (-1: their key holds something else), notices… }, { 'missing', now } or { 'fenced', now }.
 */
export const leaseScript = defineScript(
  'lease',
  `
${LUA_NOW}
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return { 'fenced', whole(now) } end
if held then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
elseif ARGV[4] == '1' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
else
  return { 'missing', whole(now) }
end
local members = -1
if type(redis.pcall('ZADD', KEYS[2], now + ARGV[3], ARGV[2])) ~= 'table' then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', whole(now))
  redis.call('PEXPIRE', KEYS[2], ARGV[3] * 10)
  members = redis.call('ZCARD', KEYS[2])
end
local answer = { 'ok', whole(now), whole(members) }
local notices = redis.pcall('LRANGE', KEYS[3], 0, -1)
if #notices > 0 then
  redis.call('DEL', KEYS[3])
  for _, notice in ipairs(notices) do answer[#answer + 1] = notice end
end
return answer
`,
  'allow-oom',
);

/**
 * Announces that a consumer answers requests of these patterns, until its lease would end.
 * The member `.` with score 0 keeps the key, which thereby says: this was served before.
 *
 * KEYS: lease, then live:<pattern> each.
 * ARGV: token, group, consumer, flags (`once` or `-`) each joined by commas, time to live (ms), memory
 * of having been served (ms), refuse another group (0/1).
 * Returns { 'ok', positions… (of patterns whose key holds something else) }, { 'missing' }, { 'fenced' } or
 * { 'conflict', position, group }: another live group answers this pattern already; nothing changed.
 */
export const announceScript = defineScript(
  'announce',
  `
${LUA_NOW}
local held = redis.call('GET', KEYS[1])
if not held then return { 'missing' } end
if held ~= ARGV[1] then return { 'fenced' } end
if ARGV[7] == '1' then
  for i = 2, #KEYS do
    for _, member in ipairs(redis.pcall('ZRANGEBYSCORE', KEYS[i], whole(now), '+inf')) do
      local group = string.match(member, '^[^ ]+')
      if group and group ~= ARGV[2] then return { 'conflict', whole(i - 2), group } end
    end
  end
end
local at, said = 1, { 'ok' }
for flag in string.gmatch(ARGV[4], '[^,]+') do
  at = at + 1
  local added = redis.pcall('ZADD', KEYS[at], 0, '.', now + ARGV[5], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. flag)
  if type(added) ~= 'table' then
    redis.call('ZREMRANGEBYSCORE', KEYS[at], '(0', whole(now - ARGV[5]))
    redis.call('PEXPIRE', KEYS[at], ARGV[6])
  elseif string.find(added.err, 'WRONGTYPE', 1, true) then
    said[#said + 1] = whole(at - 2)
  else
    return added
  end
end
return said
`,
);

/**
 * Leaves gracefully: a tombstone instead of the lease, so that what was not started is taken over at
 * once instead of after the lease, and beside it the note that the consumer left by itself, so that what
 * it hands over does not count as a delivery that went wrong. Only who holds the lease may say so: what
 * was revoked stays revoked.
 *
 * KEYS: lease, left:<consumer>, members, then live:<pattern> each. ARGV: token, group, consumer, flags as
 * announced, life of the tombstone (ms).
 * Returns 'ok', or 'fenced' when the lease was another's already.
 */
export const releaseScript = defineScript(
  'release',
  `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 'fenced' end
redis.call('SET', KEYS[1], '${TOMBSTONE}', 'PX', ARGV[5])
if ARGV[1] ~= '${TOMBSTONE}' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[5]) end
redis.pcall('ZREM', KEYS[3], ARGV[3])
local at = 3
for flag in string.gmatch(ARGV[4], '[^,]+') do
  at = at + 1
  redis.pcall('ZREM', KEYS[at], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. flag)
end
return 'ok'
`,
  'allow-oom',
);

/**
 * Revokes a lease that is missing.
 *
 * KEYS: my lease, the other lease. ARGV: my token, life of the tombstone (ms).
 * Returns 'revoked' (also when it was before), 'alive' or 'fenced' (I have no lease myself).
 */
export const revokeScript = defineScript(
  'revoke',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
local held = redis.call('GET', KEYS[2])
if held == '${TOMBSTONE}' then return 'revoked' end
if held then return 'alive' end
redis.call('SET', KEYS[2], '${TOMBSTONE}', 'PX', ARGV[2])
return 'revoked'
`,
  'allow-oom',
);
