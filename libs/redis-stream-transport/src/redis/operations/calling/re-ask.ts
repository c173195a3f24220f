import { isEntryId } from '../../../protocol/limits.js';
import { numberOf, textsOf } from '../../answer.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_INCARNATION } from '../../lua/incarnation.js';
import { LUA_PACK, PACK_ARGS, packArgs } from '../../lua/pack.js';
import { LUA_NOW } from '../../lua/time.js';
import { freshId } from '../fresh-id.js';
import type { Incarnation } from '../hello.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { LOG_LIFE } from './attach.js';
import type { CallInDoubt } from './decide.js';

/**
 * What became of an entry. `exists`: it is in its stream. `gone`: it is not, and may be started again. `once`: it is
 * not, and may be started only once. `unknown`: it is not, and no instance announces how its pattern may be started.
 */
export type EntryFate = 'exists' | 'gone' | 'once' | 'unknown';

/** What Redis knows of calls that have waited for some time. */
export interface ProbeAnswer {
  readonly incarnation: Incarnation;
  /** Id of the last record of the reply log; undefined if there is no log. */
  readonly lastFrame: string | undefined;
  /** What became of the entry of each call. */
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
 * Answers { now, incarnation, born, last id of the log or '', flags }, with a flag for each call: `1` if its entry
 * exists. If the entry is gone, `o` if its pattern is announced as started only once, `0` if it is announced otherwise,
 * and `-` if it is not announced, for instance because Redis has just lost its memory. The log and the entries are read
 * in one step: an entry that is gone was settled before the last id, or was never settled.
 */
export const reAskScript = defineScript({
  name: 're-ask',
  keys: ['incarnation', 'log'],
  args: ['fresh', 'life'],
  each: { name: 'calls', keys: ['stream', 'live', 'part'], args: ['entry', ...PACK_ARGS] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
${LUA_PACK}
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
  local size = tonumber(call.size)
  if flag == 1 and size > 0 and letter(call.part, call.entry, size, tonumber(call.place)) == 'x' then flag = 0 end
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

/**
 * A call may be sent again only if the answer says that its entry is gone, so a flag that cannot be read is `exists`.
 */
export async function reAsk(
  { link, keys, logKey }: CallerPlace,
  calls: readonly (CallInDoubt & { readonly pattern: string })[],
): Promise<ProbeAnswer> {
  const answer = await run(link, reAskScript, {
    incarnation: keys.incarnation(),
    log: logKey,
    fresh: freshId(),
    life: LOG_LIFE,
    calls: calls.map(({ stream, pattern, entry, pack }) => ({
      stream: keys.stream(stream),
      live: keys.live(pattern),
      part: keys.part(stream),
      entry,
      ...packArgs(pack),
    })),
  });
  const [now, id = '', born, last, flags = ''] = textsOf(answer, 're-ask');
  return {
    incarnation: { id, born: numberOf(born), now: numberOf(now) },
    lastFrame: isEntryId(last) ? last : undefined,
    entries: calls.map((_, i) => FATES[flags[i] ?? ''] ?? 'exists'),
  };
}
