import { numberOf, textsOf } from '../../answer.js';
import { LUA_NOW } from '../../lua/time.js';
import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Bytes of an announcement that is read: those of a pattern, with what stands before it. */
const LONGEST = 4500;

/**
 * Lists the wildcards whose requests live consumers answer, each once for each group. It looks at `most` announcements. One that
 * is longer than a pattern can be is left out.
 *
 * Answers { group, groupTtl (ms), wildcard, group… }.
 */
export const answeredWildcardsScript = defineScript({
  name: 'answered-wildcards',
  keys: ['wildcards'],
  args: ['most'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local answered, seen = {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', wildcards, whole(now), '+inf', 'LIMIT', 0, most)) do
  local group, ttl, text
  if #member <= ${LONGEST} then group, ttl, text = string.match(member, '^(%S+) %S+ r(%d+) (.+)$') end
  if text and not seen[group .. ' ' .. text] then
    seen[group .. ' ' .. text] = true
    for _, part in ipairs({ group, ttl, text }) do answered[#answered + 1] = part end
  end
end
return answered
`,
});

/** A wildcard whose requests a group answers. */
export interface AnsweredWildcard {
  readonly group: string;
  /** Milliseconds for which it leaves a pattern to another group that answered it. */
  readonly groupTtl: number;
  readonly text: string;
}

/** @param most announcements that are looked at */
export async function answeredWildcards(
  { link, keys }: ShardPlace,
  most: number,
): Promise<AnsweredWildcard[]> {
  const given = { wildcards: keys.wildcards(), most };
  const answer = textsOf(await run(link, answeredWildcardsScript, given), 'answered-wildcards');
  const found: AnsweredWildcard[] = [];
  for (let i = 0; i + 2 < answer.length; i += 3) {
    const [group = '', groupTtl, text = ''] = answer.slice(i, i + 3);
    found.push({ group, groupTtl: numberOf(groupTtl), text });
  }
  return found;
}

/**
 * Finds out of which patterns a group that has a wildcard for it answers the requests: it does so already, or no other group is
 * registered as answering them, or none was seen within its `groupTtl`. `by` are the groups, each with its `groupTtl` (ms), all
 * separated by spaces.
 *
 * Answers 1 or 0 for each pattern.
 */
export const answerersScript = defineScript({
  name: 'answerers',
  keys: [],
  args: [],
  each: { name: 'patterns', keys: ['registry'], args: ['by'] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local said = {}
for i, pattern in ipairs(patterns) do
  local fields = redis.pcall('HGETALL', pattern.registry)
  local seen, isAnswered = {}, '0'
  for k = 1, fields.err and 0 or #fields, 2 do seen[fields[k]] = tonumber(string.match(fields[k + 1], '^(%d+) r ')) end
  for group, ttl in string.gmatch(fields.err and '' or pattern.by, '(%S+) (%d+)') do
    local isOthers = false
    for name, at in pairs(seen) do
      if name ~= group and now - at <= tonumber(ttl) then isOthers = true end
    end
    if seen[group] or not isOthers then isAnswered = '1' end
  end
  said[i] = isAnswered
end
return said
`,
});

/** A pattern, and the wildcards that stand for it. */
export interface MatchedPattern {
  readonly pattern: string;
  readonly by: readonly AnsweredWildcard[];
}

/** For each of the patterns, whether one of the groups answers it. */
export async function answerers(
  { link, keys }: ShardPlace,
  patterns: readonly MatchedPattern[],
): Promise<boolean[]> {
  const answer = await run(link, answerersScript, {
    patterns: patterns.map(({ pattern, by }) => ({
      registry: keys.groups(pattern),
      by: by.map(({ group, groupTtl }) => `${group} ${groupTtl}`).join(' '),
    })),
  });
  const said = textsOf(answer, 'answerers');
  return patterns.map((_, i) => said[i] === '1');
}
