import { defineScript, LUA_NOW } from '../../redis/script.js';

/**
 * Says what a consumer offers under the name of a service, until its lease would end. What others said
 * whose leases have ended goes.
 *
 * KEYS: lease, services, instances:<name>, about:<name>, and, if it has one, document:<digest>.
 * ARGV: token, consumer, name, time to live (ms; 0 withdraws it), card, life of the keys (ms), document or ''.
 * Returns 'ok', 'missing' or 'fenced' (the lease), or 'unknown': Redis does not have the document, and
 * nothing changed.
 */
export const describeScript = defineScript(
  'describe',
  `
${LUA_NOW}
local held = redis.call('GET', KEYS[1])
if not held then return 'missing' end
if held ~= ARGV[1] then return 'fenced' end
if ARGV[7] ~= '' then
  redis.call('SET', KEYS[5], ARGV[7], 'PX', ARGV[6])
elseif KEYS[5] and redis.call('PEXPIRE', KEYS[5], ARGV[6]) == 0 then
  return 'unknown'
end
redis.call('ZADD', KEYS[2], 'GT', now + ARGV[4], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', whole(now))
redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], whole(now) .. ' ' .. ARGV[5])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', whole(now), 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[3], gone)
  redis.call('HDEL', KEYS[4], gone)
end
for i = 2, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
return 'ok'
`,
);

/**
 * Reads what live consumers say about a service, and may ask each of them to say it anew.
 *
 * KEYS: instances:<name>, about:<name>. ARGV: most consumers to read, what inbox channels begin with, or
 * '' to ask nobody.
 * Returns { now, consumer, time and card, consumer, … }.
 */
export const lookScript = defineScript(
  'look',
  `
${LUA_NOW}
local answer = { whole(now) }
for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], whole(now), '+inf', 'LIMIT', 0, ARGV[1])) do
  answer[#answer + 1] = consumer
  answer[#answer + 1] = redis.call('HGET', KEYS[2], consumer) or ''
  if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[2] .. consumer, 'report') end
end
return answer
`,
  'allow-oom',
);

/**
 * Names of the services that a live consumer offers, in no order that means something.
 *
 * KEYS: services. ARGV: most names to read.
 */
export const servicesScript = defineScript(
  'services',
  `
${LUA_NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], whole(now), '+inf', 'LIMIT', 0, ARGV[1])
`,
  'allow-oom',
);
