import { listOf, textOr } from '../../answer.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Looks what is noted of packs that were read. An answer that comes after the read holds all that was noted before
 * it: a call is only ever ended for a caller while no group was given its entry.
 *
 * `notes` are what the letters are noted under. Answers the id of the incarnation, and for each its letters, '' for none, or nil where the entry is not pending
 * under the consumer.
 */
export const lookScript = defineScript({
  name: 'look',
  keys: ['incarnation', 'stream', 'part'],
  args: ['group', 'consumer', '...notes'],
  flags: 'allow-oom',
  lua: `
local answer = { redis.call('HGET', incarnation, 'id') or '' }
for i, note in ipairs(notes) do
  local id = string.match(note, '^%S+')
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
  if pending.err or #pending == 0 then
    answer[i + 1] = false
  else
    local known = redis.pcall('HGET', part, note)
    answer[i + 1] = type(known) == 'string' and known or ''
  end
end
return answer
`,
});

/** Letters of each pack, '' for none; undefined where it is not pending under the consumer. */
export async function look(
  { link, keys, group }: GroupPlace,
  { consumer }: Owner,
  stream: string,
  notes: readonly string[],
): Promise<(string | undefined)[]> {
  const answer = await run(link, lookScript, {
    incarnation: keys.incarnation(),
    stream: keys.stream(stream),
    part: keys.part(stream),
    group,
    consumer,
    notes,
  });
  const [, ...states] = listOf(answer, 'look');
  return notes.map((_, i) => (typeof states[i] === 'string' ? textOr(states[i], '') : undefined));
}
