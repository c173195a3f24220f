import { PAUSE_REVISION } from '../protocol/pause.js';
import { defineScript } from '../redis/operations/script.js';

/**
 * Notes that something is paused: `value` in `field`. With an empty value it goes on. `revision` tells instances that
 * something has changed. The key goes with the last pause, and has no life: a pause survives restarts.
 * Runs when memory is full: that is when somebody wants it.
 *
 * Answers 'ok', 'none' (it was not paused: nothing to resume), or 'full' (`most` are paused already).
 */
export const pauseScript = defineScript({
  name: 'pause',
  keys: ['paused'],
  args: ['field', 'value', 'revision', 'most'],
  flags: 'allow-oom',
  lua: `
local known = redis.call('HEXISTS', paused, field)
if value == '' then
  if known == 0 then return 'none' end
  redis.call('HDEL', paused, field)
  if redis.call('HLEN', paused) <= redis.call('HEXISTS', paused, '${PAUSE_REVISION}') then
    redis.call('DEL', paused)
    return 'ok'
  end
else
  if known == 0 and redis.call('HLEN', paused) > tonumber(most) then return 'full' end
  redis.call('HSET', paused, field, value)
end
redis.call('HSET', paused, '${PAUSE_REVISION}', revision)
return 'ok'
`,
});
