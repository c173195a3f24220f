import { isEntryId } from '../../../protocol/limits.js';
import { listOf, textsOf } from '../../answer.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Lists what is pending under a consumer: at most `limit` ids of each stream, beginning at `from` (`-`: the first;
 * `(id`: the one after it). Answers for each stream the list of ids, or false if the group is missing.
 */
export const snapshotScript = defineScript({
  name: 'snapshot',
  keys: [],
  args: ['group', 'consumer', 'limit'],
  each: { name: 'streams', keys: ['stream'], args: ['from'] },
  lua: `
local answer = {}
for i, wanted in ipairs(streams) do
  local pending = redis.pcall('XPENDING', wanted.stream, group, wanted.from, '+', limit, consumer)
  local ids = false
  if not pending.err then
    ids = {}
    for n, p in ipairs(pending) do ids[n] = p[1] end
  end
  answer[i] = ids
end
return answer
`,
});

/** Ids that are pending under a consumer, for each stream; undefined if the group is missing. */
export async function snapshot(
  { link, keys, group }: GroupPlace,
  consumer: string,
  wanted: readonly { readonly stream: string; readonly from: string }[],
  limit: number,
): Promise<(string[] | undefined)[]> {
  const streams = wanted.map(({ stream, from }) => ({ stream: keys.stream(stream), from }));
  const answer = await run(link, snapshotScript, { group, consumer, limit, streams });
  return listOf(answer, 'snapshot').map((ids) =>
    Array.isArray(ids) ? textsOf(ids, 'snapshot').filter(isEntryId) : undefined,
  );
}
