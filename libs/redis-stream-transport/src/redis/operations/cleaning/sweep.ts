import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Notes that one look takes at random: all are seen in time, and none of them costs much. */
const SAMPLE = 20;

/**
 * Removes notes about entries that are pending no longer. Whoever settles an entry removes its note; this is
 * for entries that ended in another way: an operator deleted them or their group, or an older version settled
 * them without a look at their notes.
 *
 * Answers how many were removed.
 */
export const sweepScript = defineScript({
  name: 'sweep',
  keys: ['due', 'stream'],
  args: [],
  flags: 'allow-oom',
  lua: `
local names = redis.pcall('HRANDFIELD', due, ${SAMPLE})
if names.err then return 0 end
local removed = 0
for _, name in ipairs(names) do
  local group, id = string.match(name, '^(%S+) (%d+%-%d+)$')
  local pending = id and redis.pcall('XPENDING', stream, group, id, id, 1)
  if not pending or pending.err or #pending == 0 then removed = removed + redis.call('HDEL', due, name) end
end
return removed
`,
});

/** Removes notes of a stream about entries that are pending no longer. */
export async function sweep({ link, keys }: ShardPlace, stream: string): Promise<void> {
  await run(link, sweepScript, { due: keys.due(stream), stream: keys.stream(stream) });
}
