import { isEntryId } from '../../../protocol/limits.js';
import { numberOf, textsOf } from '../../answer.js';
import { LUA_HEADER } from '../../lua/header.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_MAKE_KNOWN } from '../../lua/make-known.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupKind } from '../groups/ensure-group.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { LUA_LINE, LUA_STARTED } from './trim-line.js';

/** What the janitor keeps, and how much one script looks at. */
export interface CleaningLimits {
  /** Milliseconds after which a group without a live instance no longer holds entries. */
  readonly groupTtl: number;
  /** How many handled events are kept; undefined: no number. */
  readonly count: number | undefined;
  /** Milliseconds for which handled events are kept; undefined: no time. */
  readonly age: number | undefined;
  /** How many entries one script looks at. */
  readonly page: number;
  /** How many events one script removes where it does not have to look at them. */
  readonly trim: number;
}

/** The same for one stream. */
export interface CleaningTerms extends CleaningLimits {
  /** It is the stream of a pattern, and no lane. */
  readonly isOwn?: boolean;
}

/** How far a stream has been cleaned: up to the id `after` ('': not at all), and how many entries up to it stayed. */
export interface CleaningPlace {
  readonly after: string;
  readonly stayed: number;
}

export interface Cleaned {
  readonly removed: number;
  /** Where to go on; undefined if everything was looked at. */
  readonly next: CleaningPlace | undefined;
  /** Groups that no longer count. */
  readonly idle: readonly string[];
}

/**
 * Removes what every live group has handled, and updates this group's entry in the registry. Runs when memory is full,
 * because then it is needed most.
 *
 * `groupTtl` is the life of a group without a live instance (ms). `keep` is the number of handled events to keep, and
 * `age` their age (ms); -1 for neither. `page` says how many entries to look at, `after` from which id to go on (''
 * at first), `stayed` how many entries up to it stayed, and `trim` how many to remove without looking at them. `name` is that of
 * the stream: groups whose wildcards stand for it may not have heard of it yet. With `own` it is that of a pattern, and becomes
 * known where services with wildcards are: a release of the group that has a wildcard instead of the pattern may follow.
 *
 * If a stream has only events, whole nodes of it are trimmed, which costs almost nothing. Otherwise entries are looked
 * at page by page. Expired requests are removed. Others never are: a request that is pending nowhere is an orphan, and
 * was not handled. An entry that was started only once stays until it has ended, even when it has expired: its
 * idempotency key counts only while the entry exists.
 *
 * Answers { removed, more (0/1), id after which to go on or '', how many entries up to it stayed, names of groups that
 * no longer count… }.
 */
export const janitorScript = defineScript({
  name: 'janitor',
  keys: ['stream', 'registry', 'started', 'streams', 'looked'],
  args: [
    ...(['group', 'kind', 'groupTtl', 'keep', 'age'] as const),
    ...(['page', 'after', 'stayed', 'trim', 'name', 'own'] as const),
  ],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_IDS}
${LUA_HEADER}
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return { '0', '0', '', '0' } end
${LUA_MAKE_KNOWN}
if own == '1' then makeKnown(streams, name) end
${LUA_LINE}
if not line then return { '0', '0', '', '0' } end
${LUA_STARTED}
local limit, most = tonumber(page), tonumber(trim)
keep, age, stayed = tonumber(keep), tonumber(age), tonumber(stayed)
local from = after == '' and '-' or '(' .. after
-- Large entries take time. Judging by the first one, a script looks at a megabyte and frees fifty.
local weight = 1
for _, entry in ipairs(redis.call('XRANGE', stream, from, '+', 'COUNT', 1)) do
  for _, text in ipairs(entry[2]) do weight = weight + #text end
end
limit = math.max(1, math.min(limit, math.floor(1e6 / weight)))
most = math.max(100, math.min(most, math.floor(5e7 / weight)))
-- Handled events go when there are more of them than are kept, or when they are too old.
local function surplus()
  if keep < 0 then return age < 0 and math.huge or 0 end
  if unread < math.huge then return redis.call('XLEN', stream) - unread - keep - stayed end
  -- The lag is unknown after deletions, so the handled entries are counted.
  return #redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', keep + limit) - keep
end

if eventsOnly then
  from, stayed = '-', 0
  for id in pairs(running) do
    if before(id, line) then line = id end
  end
  local old = line
  if age >= 0 then
    old = whole(now - age + 1) .. '-0'
    if before(line, old) then old = line end
  end
  local removed = 0
  if keep < 0 or age >= 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', old, 'LIMIT', most)
  end
  local beyond = removed == 0 and keep >= 0 and math.min(most, surplus()) or 0
  if beyond > 0 then
    removed = redis.call('XTRIM', stream, 'MINID', '~', line, 'LIMIT', beyond)
  end
  if removed > 0 then return { whole(removed), '1', '', '0', unpack(idle) } end
  -- What is left below the line is a part of one node.
  if keep < 0 then
    return { whole(redis.call('XTRIM', stream, 'MINID', '=', old)), '0', '', '0', unpack(idle) }
  end
end

local above = surplus()
local look = age < 0 and math.max(0, math.min(limit, above)) or limit
local entries = look >= 1 and redis.call('XRANGE', stream, from, '(' .. line, 'COUNT', look) or {}
local gone, seen = {}, 0
for i, entry in ipairs(entries) do
  local id, fields = entry[1], entry[2]
  if i > above and (age < 0 or now - split(id) < age) then break end
  seen = seen + 1
  local header = fields[1] == 'c' and fields[2] or field(fields, 'c') or ''
  -- Most are events, and these need no more than a look.
  local stays = running[id] or not string.find(header, ' - - ', 1, true) and isOpen(id, header)
  if not stays then gone[#gone + 1] = id end
end
local ms, seq = split(gone[seen] or '0-0')
if #gone > 0 and #gone == seen and from == '-' and ms < 2 ^ 53 and seq < 2 ^ 53 then
  redis.call('XTRIM', stream, 'MINID', '=', whole(ms) .. '-' .. whole(seq + 1))
elseif #gone > 0 then
  redis.call('XDEL', stream, unpack(gone))
end
local onward = seen == limit and entries[limit][1] or ''
local more = onward ~= '' and '1' or '0'
return { whole(#gone), more, onward, whole(stayed + seen - #gone), unpack(idle) }
`,
});

/** The stream that is cleaned, and how. */
export interface CleaningRequest {
  readonly stream: string;
  /** Kind of this group. */
  readonly kind: GroupKind;
  readonly terms: CleaningTerms;
  /** Where to go on; undefined: at the beginning. */
  readonly place: CleaningPlace | undefined;
}

/** Removes what every group has handled. Returns how much that was, and the groups that no longer count. */
export async function clean(
  { link, keys, group }: GroupPlace,
  { stream, kind, terms, place }: CleaningRequest,
): Promise<Cleaned> {
  const { groupTtl, count, age, page, trim, isOwn = false } = terms;
  const answer = await run(link, janitorScript, {
    stream: keys.stream(stream),
    registry: keys.groups(stream),
    started: keys.started(stream),
    streams: keys.streams(),
    looked: keys.looked(),
    name: stream,
    own: isOwn,
    group,
    kind,
    groupTtl,
    keep: count ?? -1,
    age: age ?? -1,
    page,
    after: place?.after ?? '',
    stayed: place?.stayed ?? 0,
    trim,
  });
  const [removed, more, after, stayed, ...idle] = textsOf(answer, 'janitor');
  const from = isEntryId(after) ? after : '';
  const next = more === '1' ? { after: from, stayed: numberOf(stayed) } : undefined;
  return { removed: numberOf(removed), next, idle };
}
