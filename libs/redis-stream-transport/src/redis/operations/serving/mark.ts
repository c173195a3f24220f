import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_MINE } from '../../lua/mine.js';
import { LUA_NOTES } from '../../lua/notes.js';
import { LUA_PACK, LUA_PLACE, PACK_ARGS, packArgs, type PackPlace } from '../../lua/pack.js';
import { CHECKED, type CheckedAnswer, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** A call of a pack that is about to start. */
export interface Mark {
  readonly stream: string;
  readonly id: string;
  readonly pack: PackPlace;
  /** Of its attempts, how many have failed. */
  readonly attempts: number;
}

/**
 * Marks a call of a pack before it starts, where another process must be able to see which call of the pack has
 * started: on the last permitted delivery, and where it may be started once only. A mark that comes after the
 * attempt that it was meant for is refused.
 *
 * Answers 'ok', 'lost', 'missing' or 'fenced'.
 */
export const markScript = defineScript({
  name: 'mark',
  keys: ['lease', 'stream', 'due', 'part'],
  args: ['token', 'group', 'consumer', 'id', 'attempts', ...PACK_ARGS],
  flags: 'allow-oom',
  lua: `
${LUA_NOTES}
${LUA_PACK}
${LUA_PLACE}
${LUA_FENCE}
${LUA_MINE}
if isOver then return 'lost' end
local failed = string.match(noted(due, group, name), '^%d+ (%d+)') or '0'
if tonumber(failed) ~= tonumber(attempts) then return 'lost' end
merged(part, id, size, only(size, place, 't'))
return 'ok'
`,
});

export async function mark(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { stream, id, pack, attempts }: Mark,
): Promise<CheckedAnswer> {
  const marked = await run(link, markScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
    part: keys.part(stream),
    token,
    group,
    consumer,
    id,
    attempts,
    ...packArgs(pack),
  });
  return wordOf(marked, CHECKED, 'mark');
}
