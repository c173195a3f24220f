import { listOf } from '../../answer.js';
import { heldEntries, type HeldEntry } from '../../entries.js';
import { LUA_FENCE_LIST } from '../../lua/fence.js';
import { LUA_NOTES } from '../../lua/notes.js';
import { LUA_KNOWN } from '../../lua/pack.js';
import type { LeaseLost, Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Fetches entries by their ids, if they are still pending under this consumer: it was given them in reads whose answers
 * were lost (rule L10). An entry that was deleted is acknowledged, because there is nothing left to run.
 *
 * Answers { 'missing' }, { 'fenced' } or { 'ok', entries, deliveries, notes, what is known of packs }.
 */
export const fetchScript = defineScript({
  name: 'fetch',
  keys: ['lease', 'stream', 'due', 'part'],
  args: ['token', 'group', 'consumer', '...ids'],
  flags: 'allow-oom',
  lua: `
${LUA_NOTES}
${LUA_KNOWN}
${LUA_FENCE_LIST}
local entries, deliveries, notes, packs = {}, {}, {}, {}
for _, id in ipairs(ids) do
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
  if not pending.err and #pending == 1 then
    local found = redis.call('XRANGE', stream, id, id)
    if #found == 1 then
      local n = #entries + 1
      entries[n] = found[1]
      deliveries[n] = string.format('%.0f', pending[1][4])
      notes[n] = noted(due, group, id)
      packs[n] = knownOf(found[1])
    else
      redis.call('XACK', stream, group, id)
      redis.pcall('HDEL', due, group .. ' ' .. id)
    end
  end
end
return { 'ok', entries, deliveries, notes, packs }
`,
});

export async function fetchHeld(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  stream: string,
  ids: readonly string[],
): Promise<HeldEntry[] | LeaseLost> {
  const answer = await run(link, fetchScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
    part: keys.part(stream),
    token,
    group,
    consumer,
    ids,
  });
  const parts = listOf(answer, 'fetch');
  const [word] = parts;
  return word === 'missing' || word === 'fenced' ? word : heldEntries(parts);
}
