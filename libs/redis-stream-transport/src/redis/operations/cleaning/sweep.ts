import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** How many notes one run looks at. They are taken at random, so every note is looked at in time. */
const SAMPLE = 20;

/**
 * Removes notes about entries that are no longer pending, and about packs that are gone. Settling an
 * entry removes its notes. This is for entries that
 * ended in another way: an operator deleted them or their group, or an older version settled them and left the note.
 *
 * Answers how many were removed.
 */
export const sweepScript = defineScript({
  name: 'sweep',
  keys: ['due', 'stream', 'part'],
  args: [],
  flags: 'allow-oom',
  lua: `
local removed = 0
local packs = redis.pcall('HRANDFIELD', part, ${SAMPLE})
for _, note in ipairs(packs.err and {} or packs) do
  -- Of events the group follows.
  local id = string.match(note, '^(%d+%-%d+)$') or string.match(note, '^(%d+%-%d+) %S+$')
  local found = id and redis.pcall('XRANGE', stream, id, id)
  if not found or not found.err and #found == 0 then removed = removed + redis.call('HDEL', part, note) end
end
local names = redis.pcall('HRANDFIELD', due, ${SAMPLE})
for _, name in ipairs(names.err and {} or names) do
  local group, id = string.match(name, '^(%S+) (%d+%-%d+)#?%d*$')
  local pending = id and redis.pcall('XPENDING', stream, group, id, id, 1)
  if not pending or pending.err or #pending == 0 then removed = removed + redis.call('HDEL', due, name) end
end
return removed
`,
});

/** Removes some of the notes about entries of a stream that are no longer pending. */
export async function sweep({ link, keys }: ShardPlace, stream: string): Promise<void> {
  await run(link, sweepScript, {
    due: keys.due(stream),
    stream: keys.stream(stream),
    part: keys.part(stream),
  });
}
