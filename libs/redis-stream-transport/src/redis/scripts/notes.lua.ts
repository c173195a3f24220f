import { defineScript } from '../script.js';

/** Notes that one look takes at random: all are seen in time, and none of them costs much. */
const SAMPLE = 20;

/**
 * Removes notes about entries that are pending no longer. Whoever settles an entry removes its note; this is
 * for entries that ended in another way: an operator deleted them or their group, or an older version settled
 * them without a look at their notes.
 *
 * KEYS: due:<stream>, stream. Returns how many were removed.
 */
export const sweepScript = defineScript(
  'sweep',
  `
local names = redis.pcall('HRANDFIELD', KEYS[1], ${SAMPLE})
if names.err then return 0 end
local removed = 0
for _, name in ipairs(names) do
  local group, id = string.match(name, '^(%S+) (%d+%-%d+)$')
  local pending = id and redis.pcall('XPENDING', KEYS[2], group, id, id, 1)
  if not pending or pending.err or #pending == 0 then removed = removed + redis.call('HDEL', KEYS[1], name) end
end
return removed
`,
  'allow-oom',
);
