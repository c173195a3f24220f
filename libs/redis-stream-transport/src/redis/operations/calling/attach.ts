import { isEntryId, LAST_ID } from '../../../protocol/limits.js';
import { LUA_IDS } from '../../lua/ids.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds that a reply log is kept for while its caller asks about it. */
export const LOG_LIFE = 120_000;

/**
 * Makes sure that a caller's reply log exists, so that its absence later means something. One that cannot be
 * written any more, or a key of another type, is replaced.
 *
 * `life` is that of the log (ms). Answers the id of the record it was born with now, or '' when it was there.
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

/** Returns the id that the log was born with now; undefined when it was there. */
export async function attach({ link, logKey }: CallerPlace): Promise<string | undefined> {
  const born = await run(link, attachScript, { log: logKey, life: LOG_LIFE });
  return isEntryId(born) ? born : undefined;
}
