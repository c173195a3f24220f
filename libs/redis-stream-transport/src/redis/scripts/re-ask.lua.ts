import { LAST_ID } from '../../protocol/limits.js';
import { defineScript, LUA_NOW } from '../script.js';
import { LUA_IDS } from './group.lua.js';
import { LUA_INCARNATION } from './incarnation.lua.js';

/**
 * Makes sure that a caller's reply log exists, so that its absence later means something. One that cannot be
 * written any more, or a key of another type, is replaced.
 * KEYS: reply log. ARGV: life (ms). Returns the id of the record it was born with now, or '' when it was
 * there.
 */
export const attachScript = defineScript(
  'attach',
  `
${LUA_IDS}
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
  local dead = info.err and string.find(info.err, 'WRONGTYPE', 1, true)
  if not info.err then dead = field(info, 'last-generated-id') == '${LAST_ID}' end
  if not dead then
    redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
    return ''
  end
  redis.call('DEL', KEYS[1])
end
local id = redis.call('XADD', KEYS[1], '*', 'f', '', 'b', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
`,
);

/**
 * Asks about calls that have waited for some time.
 *
 * KEYS: incarnation, reply log, then per call: its stream, live:<pattern>. ARGV: fresh incarnation id, life of the
 * log (ms), then the entry id of each call.
 * Returns { now, incarnation, born, last id of the log or '', flags }: per call `1` when its entry exists;
 * when it is gone, `o` if the pattern is announced as started once only, `0` if it is announced as not, and
 * `-` if nobody announces it, for instance because Redis has just lost all it knew. Both are read in one
 * step: an entry that is gone was settled before the last id, or was never settled.
 */
export const reAskScript = defineScript(
  're-ask',
  `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
local id, born = incarnation(KEYS[1], ARGV[1])
local last = ''
local info = redis.pcall('XINFO', 'STREAM', KEYS[2])
if not info.err then
  last = field(info, 'last-generated-id')
  redis.call('PEXPIRE', KEYS[2], ARGV[2], 'GT')
end
local flags = {}
for i = 3, #KEYS, 2 do
  local entry = ARGV[(i + 3) / 2]
  local flag = #redis.pcall('XRANGE', KEYS[i], entry, entry)
  if flag == 0 then
    local members = redis.pcall('ZRANGEBYSCORE', KEYS[i + 1], '(0', '+inf')
    if #members == 0 then flag = '-' end
    for _, member in ipairs(members) do
      if string.sub(member, -5) == ' once' then flag = 'o' end
    end
  end
  flags[#flags + 1] = flag
end
return { whole(now), id, born, last, table.concat(flags) }
`,
  'allow-oom',
);
