import { listOf, textsOf } from '../../answer.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Lists the consumers of a group, and the groups of broadcasts beside it.
 *
 * Answers for each stream the names of the consumers that its group lists, and of those that have started an entry that
 * may be started only once (a group that was destroyed has forgotten them). Then, for each stream, the unregistered
 * groups whose names begin like those of this group's broadcasts. A registered group is a service.
 */
export const scanScript = defineScript({
  name: 'scan',
  keys: [],
  args: ['group'],
  each: { name: 'places', keys: ['stream', 'started', 'registry'], args: [] },
  lua: `
local answer = {}
for i, place in ipairs(places) do
  local stream = place.stream
  local names, broadcasts = {}, {}
  local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, group)
  if not consumers.err then
    for n, c in ipairs(consumers) do names[n] = c[2] end
  end
  local started = redis.pcall('HGETALL', place.started)
  for n = 1, #started, 2 do
    if string.sub(started[n], 1, #group + 1) == group .. ' ' then names[#names + 1] = started[n + 1] end
  end
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err then
    for _, g in ipairs(groups) do
      local mark = string.sub(g[2], #group + 1, #group + 1)
      if string.sub(g[2], 1, #group) == group and (mark == '{' or mark == '~') then
        if redis.pcall('HEXISTS', place.registry, g[2]) == 0 then broadcasts[#broadcasts + 1] = g[2] end
      end
    end
  end
  answer[i], answer[#places + i] = names, broadcasts
end
return answer
`,
});

/** What a scan finds on one stream. */
export interface Scanned {
  /** Consumers of the group. A name may be there several times. */
  readonly consumers: string[];
  /** Unregistered groups that may be those of its broadcasts. */
  readonly broadcasts: string[];
}

export async function scan(
  { link, keys, group }: GroupPlace,
  streams: readonly string[],
): Promise<Scanned[]> {
  const places = streams.map((stream) => ({
    stream: keys.stream(stream),
    started: keys.started(stream),
    registry: keys.groups(stream),
  }));
  const answer = listOf(await run(link, scanScript, { group, places }), 'scan');
  return streams.map((_, i) => ({
    consumers: textsOf(answer[i] ?? [], 'scan'),
    broadcasts: textsOf(answer[streams.length + i] ?? [], 'scan'),
  }));
}
