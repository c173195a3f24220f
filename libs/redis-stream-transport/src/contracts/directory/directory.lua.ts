import { LUA_FENCE } from '../../redis/lua/fence.js';
import { LUA_NOW } from '../../redis/lua/time.js';
import { defineScript } from '../../redis/operations/script.js';

/**
 * Says what a consumer offers under the name of a service, until its lease would end: for `ttl` milliseconds; 0
 * withdraws it. Removes what consumers said whose leases have ended.
 *
 * `documents` is the key of the document, if it has one, and `text` the document or ''; `life` is that of the
 * keys (ms).
 * Answers 'ok', 'missing' or 'fenced' (the lease), or 'unknown': Redis does not have the document, and
 * nothing changed.
 */
export const describeScript = defineScript({
  name: 'describe',
  keys: ['lease', 'services', 'instances', 'about', '...documents'],
  args: ['token', 'consumer', 'name', 'ttl', 'card', 'life', 'text'],
  lua: `
${LUA_NOW}
${LUA_FENCE}
local document = documents[1]
if text ~= '' then
  redis.call('SET', document, text, 'PX', life)
elseif document and redis.call('PEXPIRE', document, life) == 0 then
  return 'unknown'
end
redis.call('ZADD', services, 'GT', now + ttl, name)
redis.call('ZREMRANGEBYSCORE', services, '-inf', whole(now))
redis.call('ZADD', instances, now + ttl, consumer)
redis.call('HSET', about, consumer, whole(now) .. ' ' .. card)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', instances, '-inf', whole(now), 'LIMIT', 0, 100)) do
  redis.call('ZREM', instances, gone)
  redis.call('HDEL', about, gone)
end
for _, key in ipairs({ services, instances, about }) do redis.call('PEXPIRE', key, life) end
return 'ok'
`,
});

/**
 * Reads what live consumers say about a service, and may ask each of them to say it again.
 *
 * `most` bounds the consumers that are read, `inboxes` is what inbox channels begin with, or '' to ask none of them.
 * Answers { now, consumer, time and card, consumer, … }.
 */
export const lookScript = defineScript({
  name: 'look-up',
  keys: ['instances', 'about'],
  args: ['most', 'inboxes'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local answer = { whole(now) }
for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', instances, whole(now), '+inf', 'LIMIT', 0, most)) do
  answer[#answer + 1] = consumer
  answer[#answer + 1] = redis.call('HGET', about, consumer) or ''
  if inboxes ~= '' then redis.call('SPUBLISH', inboxes .. consumer, 'report') end
end
return answer
`,
});

/** Reads which services a live consumer offers. Answers `most` names, in no order that means something. */
export const servicesScript = defineScript({
  name: 'services',
  keys: ['services'],
  args: ['most'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
return redis.call('ZRANGEBYSCORE', services, whole(now), '+inf', 'LIMIT', 0, most)
`,
});
