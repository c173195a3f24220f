import { numberOf, textsOf } from '../../answer.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_INCARNATION } from '../../lua/incarnation.js';
import { LUA_LOOK } from '../../lua/look.js';
import { LUA_PACK, PACK_ARGS, packArgs, type PackPlace } from '../../lua/pack.js';
import { LUA_NOW } from '../../lua/time.js';
import { freshId } from '../fresh-id.js';
import type { CallerPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * A missing group counts if it was seen no longer than this before the entry came, in milliseconds. Groups with live
 * instances are seen every few seconds.
 */
const SEEN_WITHIN = 86_400_000;

export type Fate =
  | { readonly kind: 'gone' | 'not-run' }
  | { readonly kind: 'may'; readonly owner: string | undefined };

export interface Decision {
  readonly now: number;
  readonly incarnation: string;
  /** Id of the last record of the reply log. A call that is `gone` may have been answered in a record up to it. */
  readonly lastFrame: string;
  readonly fates: readonly Fate[];
}

/**
 * Decides the fate of calls at their deadline or when they are cancelled. An entry that no group was given is deleted,
 * and will certainly not run. Any other may have run, and the answer names its owner.
 *
 * A group that was destroyed and not made anew yet may have been given the entry; the registry still lists it. (After
 * it is made anew, the incarnation is another.)
 *
 * Answers { now, incarnation, last id of the log, verdicts… }: `not-run`, `may <owner>` (`-`: none) or
 * `gone`. Settling deletes the entry and appends the reply in one step. So an entry that is still there has no final
 * reply, and one that is gone may have one, in a record up to the last id.
 */
export const decideScript = defineScript({
  name: 'decide',
  keys: ['incarnation', 'log'],
  args: ['fresh'],
  each: {
    name: 'calls',
    keys: ['stream', 'started', 'groups', 'part'],
    args: ['entry', ...PACK_ARGS],
  },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
${LUA_PACK}
${LUA_LOOK}
-- Whether a group that was there when the entry came is missing now.
local function lost(registry, present, entry)
  local known = redis.pcall('HGETALL', registry)
  if known.err then return true end
  for i = 1, #known, 2 do
    local seen = tonumber(string.match(known[i + 1], '^(%d+) ') or 0)
    if not present[known[i]] and seen + ${SEEN_WITHIN} > split(entry) then return true end
  end
  return false
end
local id = renewed(incarnation, fresh)
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', log)
if not info.err then last = field(info, 'last-generated-id') end
local answer = { whole(now), id, last }
for _, call in ipairs(calls) do
  local stream, entry = call.stream, call.entry
  local size, place = tonumber(call.size), tonumber(call.place)
  local verdict
  -- A key of another type took the place of the stream.
  if #redis.pcall('XRANGE', stream, entry, entry) == 0 then
    verdict = 'gone'
  elseif size > 0 and letter(call.part, entry, size, place) == 'x' then
    verdict = 'gone'
  else
    local owner, delivered, present = '-', false, {}
    for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      present[field(g, 'name')] = true
      if not before(field(g, 'last-delivered-id'), entry) then
        delivered = true
        local pending = redis.call('XPENDING', stream, field(g, 'name'), entry, entry, 1)
        local started = redis.pcall('HGET', call.started, field(g, 'name') .. ' ' .. entry)
        owner = pending[1] and pending[1][2] or type(started) == 'string' and started or owner
      end
    end
    if delivered or lost(call.groups, present, entry) then
      verdict = 'may ' .. owner
    else
      -- Of a pack only this call goes, and whoever reads the others must look first.
      if size > 0 then lookUpTo(incarnation, entry) end
      if size == 0 or merged(call.part, entry, size, only(size, place, 'x')) then redis.call('XDEL', stream, entry) end
      verdict = 'not-run'
    end
  end
  answer[#answer + 1] = verdict
end
return answer
`,
});

/** A call that Redis is asked about. */
export interface CallInDoubt {
  readonly stream: string;
  readonly entry: string;
  /** Its place in the pack that the entry is; undefined: it is no pack. */
  readonly pack?: PackPlace | undefined;
}

/** Calls whose part of the answer cannot be read may have run. */
export async function decide(
  { link, keys, logKey }: CallerPlace,
  calls: readonly CallInDoubt[],
): Promise<Decision> {
  const answer = await run(link, decideScript, {
    incarnation: keys.incarnation(),
    log: logKey,
    fresh: freshId(),
    calls: calls.map(({ stream, entry, pack }) => ({
      stream: keys.stream(stream),
      started: keys.started(stream),
      groups: keys.groups(stream),
      part: keys.part(stream),
      entry,
      ...packArgs(pack),
    })),
  });
  const [now, incarnation = '', lastFrame = '', ...verdicts] = textsOf(answer, 'decide');
  const fates = calls.map((_, i) => parseFate(verdicts[i] ?? ''));
  return { now: numberOf(now), incarnation, lastFrame, fates };
}

function parseFate(text: string): Fate {
  if (text === 'gone' || text === 'not-run') return { kind: text };
  const owner = text.startsWith('may ') ? text.slice(4) : '-';
  return { kind: 'may', owner: owner === '-' ? undefined : owner };
}
