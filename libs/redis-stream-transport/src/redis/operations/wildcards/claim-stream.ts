import { isEntryId } from '../../../protocol/limits.js';
import { textsOf, wordOf } from '../../answer.js';
import { LUA_FENCE_LIST } from '../../lua/fence.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_REGISTRY } from '../../lua/registry.js';
import { LUA_NOW } from '../../lua/time.js';
import { LEASE_LOST, type Owner } from '../../owner.js';
import { flagOf, otherFlagOf, SERVED_LIFE, WILD, type Announcement } from '../lease/announce.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds that a group may take to be made after it has claimed a stream. */
const PENDING = 60_000;

/**
 * Claims a known stream for a group that has a wildcard for it, or claims it `anew`, or only asks whether it would keep it
 * (`look`): what `again` says, '' at first. One group answers the requests of
 * a pattern. If another one answers them, or did within `groupTtl` milliseconds, this one does not (`left`), and where it has
 * nothing but requests to handle it claims nothing (`taken`). `answers` and `listens` say what it handles. A group that names
 * the pattern goes before wildcards. A group that answers by a wildcard keeps the pattern; of two that do, which can be after
 * their leases were lost, the one with the smaller name does: each finds that out when it claims anew.
 *
 * A group that answers is announced as well, with `flag` and for `ttl` milliseconds: who names the pattern and comes at the same
 * time looks at the announcements. One that does not takes its announcement back; `was` is the flag that it may have had. The
 * claim itself is the field `<group> wild` of the registry: `r` or `e`, and the time. No group has this name. A group that leaves
 * requests which it answered, to one that has no group yet, adds the id up to which they were handed to its consumers: it goes on
 * with these, and the other one begins after them. A group that is
 * registered without it names the pattern in another release, and gets none. Where the kind has changed, the name is published:
 * other instances of the group, and other groups, claim it anew.
 *
 * The group is to begin after the id that is answered: events are for it from when it had the first of the `texts`, its wildcards
 * that stand for the pattern, for `groupTtl` at most: no longer is kept what it has not looked at.
 *
 * Answers { 'ok', id } or { 'left', id, other group, id up to which it goes on with requests or '', 1 if other instances of the
 * group are still announced, else 0 }; { 'yields', '', other group } if it only asked, and would not keep them; { 'taken', '', other group }; { 'gone' } if it is not known, or (at first)
 * there is no such stream, and nothing is scheduled for it: its name is forgotten then; { 'wrong' } if its registry is
 * a key of another type; { 'missing' } or { 'fenced' }.
 */
export const claimStreamScript = defineScript({
  name: 'claim-stream',
  keys: ['lease', 'stream', 'when', 'streams', 'registry', 'live'],
  args: [
    ...(['token', 'group', 'consumer', 'name', 'answers', 'listens', 'groupTtl'] as const),
    ...(['ttl', 'flag', 'was', 'again', '...texts'] as const),
  ],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_IDS}
${LUA_REGISTRY}
${LUA_FENCE_LIST}
if not redis.call('ZSCORE', streams, 's' .. name) then return { 'gone' } end
if again == '' and redis.call('EXISTS', stream, when) == 0 then
  redis.call('ZREM', streams, 's' .. name)
  return { 'gone' }
end
local is = redis.call('TYPE', registry).ok
if is ~= 'hash' and is ~= 'none' then return { 'wrong' } end
local mine = registered(registry, group)
local mark = redis.call('HGET', registry, group .. ' wild')
local isNamed = mine and not mark
-- The kind of a claim that has become no group yet, while it counts.
local function pending(mark)
  local kind, at = string.match(mark or '', '^(%l) (%d+)')
  return kind and now - tonumber(at) <= ${PENDING} and kind
end
local held = string.match(mine or '', '^%d+ (%l)') or pending(mark)
local function yields(to, isWild)
  return not isWild or held ~= 'r' or not isNamed and to < group
end
local other, fellows = nil, '0'
if answers == '1' then
  local fields = redis.call('HGETALL', registry)
  local values = {}
  for i = 1, #fields, 2 do values[fields[i]] = fields[i + 1] end
  for of, value in pairs(values) do
    local seen = string.match(value, '^(%d+) r ')
    local claimant = string.match(of, '^(%S+) wild$')
    if seen then
      if of ~= group and now - tonumber(seen) <= tonumber(groupTtl) and yields(of, values[of .. ' wild']) then other = of end
    elseif claimant and claimant ~= group and not values[claimant] and pending(value) == 'r' and yields(claimant, true) then
      other = claimant
    end
  end
  local members = redis.pcall('ZRANGEBYSCORE', live, whole(now), '+inf')
  if members.err and not string.find(members.err, 'WRONGTYPE', 1, true) then return members end
  for _, member in ipairs(members.err and {} or members) do
    local of, who, words = string.match(member, '^(%S+) (%S+) ?(.*)$')
    if of == group and who ~= consumer then fellows = '1' end
    if of and of ~= group and yields(of, string.find(' ' .. words .. ' ', ' ${WILD} ', 1, true)) then other = of end
  end
  if other and listens ~= '1' and again == '' then return { 'taken', '', other } end
  if other and again == 'look' then return { 'yields', '', other } end
end
local kind = answers == '1' and not other and 'r' or 'e'
local member = group .. ' ' .. consumer .. ' '
local upTo = kind == 'e' and string.match(mark or '', '^e %d+ (%d+%-%d+)$') or ''
if kind == 'r' then
  redis.pcall('ZADD', live, 0, '.', whole(now + ttl), member .. flag)
  redis.pcall('PEXPIRE', live, ${SERVED_LIFE})
else
  local announced = redis.pcall('ZREM', live, member .. flag, member .. was)
  -- Each instance that answered until now: others may have been handed more meanwhile.
  if other and (held == 'r' or type(announced) == 'number' and announced > 0) then
    local last, theirs
    local groups = redis.pcall('XINFO', 'GROUPS', stream)
    for _, g in ipairs(groups.err and {} or groups) do
      if field(g, 'name') == group then last = field(g, 'last-delivered-id') end
      if field(g, 'name') == other then theirs = true end
    end
    if last and not theirs then upTo = last elseif held == 'r' then upTo = '' end
  end
end
if mine then redis.call('HSET', registry, group, (string.gsub(mine, '^(%d+) %l', '%1 ' .. kind))) end
if not mine or mark then
  redis.call('HSET', registry, group .. ' wild', kind .. ' ' .. whole(now) .. (upTo ~= '' and ' ' .. upTo or ''))
end
if held and held ~= kind then redis.pcall('SPUBLISH', streams, name) end
local from = now
for _, text in ipairs(texts) do
  from = math.min(from, tonumber(redis.call('ZSCORE', streams, 'g' .. group .. ' ' .. text) or now))
end
from = math.max(from, now - groupTtl)
return { other and 'left' or 'ok', whole(math.max(1, from) - 1) .. '-18446744073709551615', other, upTo, fellows }
`,
});

export type StreamClaim =
  /** `from`: events up to this id are not for the group. */
  | { readonly kind: 'ok'; readonly from: string }
  | {
      readonly kind: 'left';
      readonly from: string;
      readonly to: string;
      /** Requests up to this id were handed to this group while it answered them; undefined: none is its own. */
      readonly upTo: string | undefined;
      /** Other instances of the group still answer requests, and may be handed more. */
      readonly isShared: boolean;
    }
  | { readonly kind: 'yields'; readonly to: string }
  | { readonly kind: 'taken'; readonly to: string }
  | { readonly kind: 'gone' | 'wrong' | 'missing' | 'fenced' };

export interface WantedStream {
  readonly name: string;
  /** Wildcards of the group that stand for it. */
  readonly texts: readonly string[];
  /** How its requests are announced; undefined: they are not handled. */
  readonly announcement: Announcement | undefined;
  /** Its events are handled. */
  readonly listens: boolean;
  /** Milliseconds for which another group counts that answered the requests. */
  readonly groupTtl: number;
  /** Milliseconds for which the announcement holds. */
  readonly ttl: number;
  /** The group reads the stream already: it is claimed anew, or it is only asked whether the group would keep it. */
  readonly again: 'anew' | 'look' | undefined;
}

export async function claimStream(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { name, texts, announcement, listens, groupTtl, ttl, again }: WantedStream,
): Promise<StreamClaim> {
  const answer = await run(link, claimStreamScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(name),
    when: keys.when(name),
    streams: keys.streams(),
    registry: keys.groups(name),
    live: keys.live(name),
    ...{ token, group, consumer, name, answers: announcement !== undefined, listens, groupTtl },
    flag: announcement === undefined ? '-' : flagOf(announcement),
    was: announcement === undefined ? '-' : otherFlagOf(announcement),
    ...{ ttl, again: again ?? '', texts },
  });
  const [word, from = '', to = '', upTo, fellows] = textsOf(answer, 'claim-stream');
  const words = ['ok', 'left', 'yields', 'taken', 'gone', 'wrong', ...LEASE_LOST] as const;
  const kind = wordOf(word, words, 'claim-stream');
  if (kind === 'taken' || kind === 'yields') return { kind, to };
  if (kind !== 'ok' && kind !== 'left') return { kind };
  const id = isEntryId(from) ? from : '0-0';
  if (kind === 'ok') return { kind, from: id };
  return {
    kind,
    from: id,
    to,
    upTo: isEntryId(upTo) ? upTo : undefined,
    isShared: fellows === '1',
  };
}
