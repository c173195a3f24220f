import { isEntryId } from '../../../protocol/limits.js';
import { textsOf, wordOf } from '../../answer.js';
import { freshId } from '../fresh-id.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_LOOK } from '../../lua/look.js';
import { LUA_INCARNATION } from '../../lua/incarnation.js';
import { LUA_REGISTRY } from '../../lua/registry.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** What a group is for. `r`: it answers requests; `e`: only events; `b`: the broadcasts of one consumer. */
export type GroupKind = 'r' | 'e' | 'b';

/** What was found when a group was to be there. */
export type FoundGroup =
  | {
      readonly state: 'had' | 'new' | 'lost';
      /** Events up to this id were in the stream before the group was made, and are not for it. */
      readonly since: string | undefined;
    }
  | {
      /** One of the keys has another type. The stream cannot be read until that key is gone. */
      readonly state: 'wrong';
      readonly key: string;
      readonly type: string;
    };

const STATES = ['had', 'new', 'lost', 'wrong'] as const;

/**
 * Makes sure that a group exists on a stream (rules L19, L20).
 *
 * A lost group is made anew at its stored cursor, or at 0 without one; never at the end. A new group begins at 0 if
 * it is the first of the stream or answers requests. Any other group begins at the end, unless it
 * wants the history; the groups of broadcasts always begin there.
 *
 * Where another group has left the requests that a wildcard brought it, a new one that names the pattern begins after those with
 * which that group goes on (`claim-stream`).
 *
 * With `from` ('' for none) the stream came by a wildcard: what would begin at the end begins after that id, and a group
 * that is new is noted as one that came so (the field `<group> wild`). Without it the group names the stream, and that note goes.
 *
 * `consumer` ('' for none) is listed from then on: a member that hands a request over must know which members read
 * the stream. `needed` are hashes without which nothing may be read. Answers { 'wrong', key, type } if one of these
 * keys has another type, or { 'had' | 'new' | 'lost', since }; `lost` was registered before. Events up to `since` (''
 * for none) were in the stream before the group was made and are not for it. A service that answers requests must
 * begin at 0, so that it misses no request, and acknowledges those events without running them.
 */
export const groupScript = defineScript({
  name: 'group',
  keys: ['stream', 'registry', 'incarnation', '...needed'],
  args: ['group', 'kind', 'history', 'fresh', 'consumer', 'from'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
${LUA_REGISTRY}
${LUA_LOOK}
local function wrong(key, type)
  local is = redis.call('TYPE', key).ok
  if is ~= type and is ~= 'none' then return { 'wrong', key, is } end
end
local isWild = (from or '') ~= ''
local other = wrong(stream, 'stream') or wrong(registry, 'hash')
for _, key in ipairs(needed) do other = other or wrong(key, 'hash') end
if other then return other end
local function list()
  if consumer ~= '' then redis.call('XGROUP', 'CREATECONSUMER', stream, group, consumer) end
end
if not isWild then redis.call('HDEL', registry, group .. ' wild') end
local existed = redis.call('EXISTS', stream) == 1
local groups = existed and redis.call('XINFO', 'GROUPS', stream) or {}
local others, left = 0, nil
for _, g in ipairs(groups) do
  if field(g, 'name') == group then
    list()
    return { 'had', notFor(registry, group) or '' }
  end
  others = others + 1
  local upTo = string.match(redis.call('HGET', registry, field(g, 'name') .. ' wild') or '', '^e %d+ (%d+%-%d+)$')
  if upTo and (not left or before(left, upTo)) then left = upTo end
end
local known = registered(registry, group)
local start, since = '0', notFor(registry, group) or ''
if not known and others > 0 and kind == 'r' and history == '0' then
  since = isWild and from or field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id')
  redis.call('HSET', registry, group .. ' since', since)
end
if kind == 'b' then
  start = '$'
elseif known then
  local cursor = string.match(known, ' (%d+%-%d+)$')
  if existed and cursor and not before(field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'), cursor) then
    start = cursor
  end
elseif others > 0 and kind == 'e' and history == '0' then
  start = isWild and from or '$'
elseif left and kind == 'r' and not isWild then
  start = left
end
-- From here on "never delivered" may be said of an entry that was delivered by the lost group. One that a wildcard brings, and
-- that was never registered, has delivered nothing: new streams come all the time, and take nothing from what is known of others.
if existed and start ~= '$' and (known or not isWild) then
  renewed(incarnation, fresh)
  redis.call('HSET', incarnation, 'id', fresh)
  -- Packs that it is given may hold calls that the lost group has ended.
  lookUpTo(incarnation, field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'))
end
redis.call('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')
list()
if kind ~= 'b' then
  if isWild and not known and redis.call('HEXISTS', registry, group .. ' wild') == 0 then
    redis.call('HSET', registry, group .. ' wild', kind .. ' ' .. whole(now))
  end
  redis.call('HSET', registry, group, whole(now) .. ' ' .. kind .. ' 0-0')
end
return { known and 'lost' or 'new', since }
`,
});

/** A group that is to be there. */
export interface WantedGroup {
  readonly stream: string;
  readonly kind: GroupKind;
  /** Whether events that were in the stream before the group are for it too. */
  readonly history: boolean;
  /** The id that it begins after, instead of at the end; '' for none. */
  readonly from?: string;
  /** The consumer that is listed from then on; '' for none. */
  readonly consumer: string;
  /** Whether starts are noted on this stream. Then nothing may be read while they cannot be noted. */
  readonly notesStarts: boolean;
}

export async function ensureGroup(
  { link, keys, group }: GroupPlace,
  { stream, kind, history, consumer, notesStarts, from = '' }: WantedGroup,
): Promise<FoundGroup> {
  const answer = await run(link, groupScript, {
    stream: keys.stream(stream),
    registry: keys.groups(stream),
    incarnation: keys.incarnation(),
    needed: [...(notesStarts ? [keys.started(stream)] : []), keys.part(stream)],
    group,
    kind,
    history,
    fresh: freshId(),
    consumer,
    from,
  });
  const [word, detail = '', type = ''] = textsOf(answer, 'group');
  const state = wordOf(word, STATES, 'group');
  if (state === 'wrong') return { state, key: detail, type };
  return { state, since: isEntryId(detail) ? detail : undefined };
}
