import { isEntryId, LAST_ID } from '../../../protocol/limits.js';
import { LUA_IDS } from '../../lua/ids.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which a reply log is kept after its caller has asked for it. */
export const LOG_LIFE = 120_000;

/**
 * Makes sure that the reply log of a caller exists. If it is missing later, Redis has lost it. A log that has no ids
 * left, or a key of another type, is replaced.
 *
 * `life` is that of the log (ms). Answers the id of the first record of a new log, or '' if the log was there.
 */
export const attachScript = defineScript({
  name: 'attach',
  keys: ['log'],
  args: ['life'],
  lua: `
${LUA_IDS}
if redis.call('EXISTS', log) == 1 then
  local info = redis.pcall('XINFO', 'STREAM', log)
  local dead = info.err and string.find(info.err, 'WRONGTYPE', 1, true)
  if not info.err then dead = field(info, 'last-generated-id') == '${LAST_ID}' end
  if not dead then
    redis.call('PEXPIRE', log, life, 'GT')
    return ''
  end
  redis.call('DEL', log)
end
local id = redis.call('XADD', log, '*', 'f', '', 'b', '1')
redis.call('PEXPIRE', log, life)
return id
`,
});

/** Returns the id of the first record if the log was made now; undefined if it was there. */
export async function attach({ link, logKey }: CallerPlace): Promise<string | undefined> {
  const born = await run(link, attachScript, { log: logKey, life: LOG_LIFE });
  return isEntryId(born) ? born : undefined;
}
