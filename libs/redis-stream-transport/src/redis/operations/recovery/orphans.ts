import { isEntryId } from '../../../protocol/limits.js';
import { textsOf } from '../../answer.js';
import { LUA_HEADER } from '../../lua/header.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_ORPHANED } from '../../lua/orphaned.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Looks for requests that were handed out and are pending under no consumer: an operator deleted theirs (rule L20). It
 * does not look for events, because those that a group has handled look the same.
 *
 * `from` is the id after which to go on ('' at first), `count` how many entries to look at.
 * Answers { id after which to go on or '', ids… }.
 */
export const orphansScript = defineScript({
  name: 'orphans',
  keys: ['stream', 'registry', 'started'],
  args: ['group', 'from', 'count'],
  lua: `
${LUA_NOW}
${LUA_IDS}
${LUA_HEADER}
${LUA_ORPHANED}
local last
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '' } end
for _, g in ipairs(groups) do
  if field(g, 'name') == group then last = field(g, 'last-delivered-id') end
end
if not last then return { '' } end
local page = redis.call('XRANGE', stream, from == '' and '-' or '(' .. from, last, 'COUNT', count)
local furthest = #page == tonumber(count) and page[#page][1] or last
local answer = { furthest ~= last and furthest or '' }
for _, entry in ipairs(page) do
  local id, header = entry[1], field(entry[2], 'c') or ''
  if isOpen(id, header) and orphaned(stream, registry, started, group, id) then answer[#answer + 1] = id end
end
return answer
`,
});

/** Requests after `from` that were handed out and are pending under no consumer. `next` is '' at the end. */
export async function orphans(
  { link, keys, group }: GroupPlace,
  stream: string,
  from: string,
  count: number,
): Promise<{ next: string; ids: string[] }> {
  const answer = await run(link, orphansScript, {
    stream: keys.stream(stream),
    registry: keys.groups(stream),
    started: keys.started(stream),
    group,
    from,
    count,
  });
  const [next, ...ids] = textsOf(answer, 'orphans');
  return { next: isEntryId(next) ? next : '', ids: ids.filter(isEntryId) };
}
