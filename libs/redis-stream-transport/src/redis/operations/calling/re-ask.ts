import { isEntryId } from '../../../protocol/limits.js';
import { numberOf, textsOf } from '../../answer.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_INCARNATION } from '../../lua/incarnation.js';
import { LUA_NOW } from '../../lua/time.js';
import { freshId } from '../fresh-id.js';
import type { Incarnation } from '../hello.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { LOG_LIFE } from './attach.js';
import type { CallInDoubt } from './decide.js';

/**
 * An entry is in its stream, or gone; `once`: gone, and may be started once only; `unknown`: gone, and
 * nobody announces how it may be started.
 */
export type EntryFate = 'exists' | 'gone' | 'once' | 'unknown';

/** What Redis knows of calls that have waited for some time. */
export interface ProbeAnswer {
  readonly incarnation: Incarnation;
  /** Last record of the reply log; undefined when there is no log. */
  readonly lastFrame: string | undefined;
  /** Per call what became of its entry. */
  readonly entries: readonly EntryFate[];
}

const FATES: Readonly<Record<string, EntryFate | undefined>> = {
  '0': 'gone',
  '1': 'exists',
  o: 'once',
  '-': 'unknown',
};

/**
 * Asks about calls that have waited for some time. `life` is that of the log (ms).
 *
 * Answers { now, incarnation, born, last id of the log or '', flags }: per call `1` when its entry exists;
 * when it is gone, `o` if the pattern is announced as started once only, `0` if it is announced as not, and
 * `-` if nobody announces it, for instance because Redis has just lost all it knew. Both are read in one
 * step: an entry that is gone was settled before the last id, or was never settled.
 */
export const reAskScript = defineScript({
  name: 're-ask',
  keys: ['incarnation', 'log'],
  args: ['fresh', 'life'],
  each: { name: 'calls', keys: ['stream', 'live'], args: ['entry'] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
local id, born = renewed(incarnation, fresh)
local last = ''
local info = redis.pcall('XINFO', 'STREAM', log)
if not info.err then
  last = field(info, 'last-generated-id')
  redis.call('PEXPIRE', log, life, 'GT')
end
local flags = {}
for _, call in ipairs(calls) do
  local flag = #redis.pcall('XRANGE', call.stream, call.entry, call.entry)
  if flag == 0 then
    local members = redis.pcall('ZRANGEBYSCORE', call.live, '(0', '+inf')
    if #members == 0 then flag = '-' end
    for _, member in ipairs(members) do
      if string.sub(member, -5) == ' once' then flag = 'o' end
    end
  end
  flags[#flags + 1] = flag
end
return { whole(now), id, born, last, table.concat(flags) }
`,
});

/** Only what the answer calls gone may be sent again: what cannot be read of it counts as there. */
export async function reAsk(
  { link, keys, logKey }: CallerPlace,
  calls: readonly (CallInDoubt & { readonly pattern: string })[],
): Promise<ProbeAnswer> {
  const answer = await run(link, reAskScript, {
    incarnation: keys.incarnation(),
    log: logKey,
    fresh: freshId(),
    life: LOG_LIFE,
    calls: calls.map(({ stream, pattern, entry }) => ({
      stream: keys.stream(stream),
      live: keys.live(pattern),
      entry,
    })),
  });
  const [now, id = '', born, last, flags = ''] = textsOf(answer, 're-ask');
  return {
    incarnation: { id, born: numberOf(born), now: numberOf(now) },
    lastFrame: isEntryId(last) ? last : undefined,
    entries: calls.map((_, i) => FATES[flags[i] ?? ''] ?? 'exists'),
  };
}
