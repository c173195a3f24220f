import { isEntryId, LAST_ID } from '../../../protocol/limits.js';
import { listOf, wordOf } from '../../answer.js';
import { heldEntries, type HeldEntry } from '../../entries.js';
import { LUA_FENCE_LIST, TOMBSTONE } from '../../lua/fence.js';
import { LUA_NOTES } from '../../lua/notes.js';
import { LUA_KNOWN } from '../../lua/pack.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** How many pages of pending entries one claim looks at, at most. */
const PAGES = 10;
/** Entries of a page. */
const PAGE = 100;
/** How many characters of entries one claim reads, if it has to read them. */
const LENGTH = 8_388_608;

/** What is to be claimed of a dead consumer. */
export interface Claim {
  /** How many entries at most. */
  readonly count: number;
  /** How many deliveries of an entry are permitted. */
  readonly permitted: number;
  /** Whether to claim an entry on its last permitted delivery, if no other is left. */
  readonly suspects: boolean;
  /** Only calls that were made inside handlers, from this id on (`-`, `(1-0`); empty: whatever is there. */
  readonly nestedFrom?: string;
}

/** Nothing was found up to an id, and there may be something after it. */
export interface NothingYet {
  readonly searchedTo: string;
  /** Entries on their last permitted delivery were found. */
  readonly suspects: boolean;
}

export type ClaimAnswer = HeldEntry[] | NothingYet | LeaseLost | 'alive' | 'empty' | 'suspects';

/**
 * Claims entries that are pending under a revoked consumer, and counts a delivery of each; never more than was asked
 * for. When nothing is left, it deletes the consumer in the same fenced step. Deleted in another way, the consumer
 * would take with it what is pending under it.
 *
 * Deliveries to consumers that left by themselves say nothing against an entry. Redis counts them all the same:
 * replies, and the question whether an entry may have run, need the full count. So they are noted separately.
 *
 * An entry is suspect if this would be its last permitted delivery, and not its first. It is claimed only on request,
 * alone, and when no other is left: it may be poison, and entries that are claimed with it would lose a delivery
 * without having run.
 *
 * With `nestedFrom`, only calls that were made inside handlers are claimed, from this id on; '' for all entries.
 *
 * Answers { 'missing' }, { 'fenced' }, { 'alive' }, { 'empty' }, { 'suspects' } (nothing else is left, or a suspect was
 * not wanted), { 'on', id, suspects } (nothing up to that id, but suspects if the last is 1) or { 'ok', entries, deliveries, notes,
 * what is known of packs } (lists in the same order; entries that were deleted are left out, and are no longer pending).
 */
export const claimScript = defineScript({
  name: 'claim',
  keys: ['lease', 'revoked', 'gone', 'stream', 'due', 'part'],
  args: ['token', 'group', 'dead', 'me', 'count', 'permitted', 'suspects', 'nestedFrom'],
  flags: 'allow-oom',
  lua: `
${LUA_NOTES}
${LUA_KNOWN}
${LUA_FENCE_LIST}
if redis.call('GET', revoked) ~= '${TOMBSTONE}' then return { 'alive' } end
local left = redis.call('EXISTS', gone)
local most, nested, from = tonumber(count), nestedFrom ~= '', nestedFrom
if not nested then from = '-' end
local pending = redis.pcall('XPENDING', stream, group, from, '+', nested and ${PAGE} or most, dead)
if pending.err then return { 'empty' } end
if #pending == 0 and from ~= '-' then return { 'empty' } end
if #pending == 0 then
  redis.pcall('XGROUP', 'DELCONSUMER', stream, group, dead)
  return { 'empty' }
end
local ids, before, last, suspect = {}, {}, tonumber(permitted), nil
local notes, spared = {}, {}
local length = ${LENGTH}
local function wanted(id)
  if not nested then return true end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  -- What was deleted meanwhile goes with the claim.
  local found = not entry
  for i = 1, entry and #entry[2] or 0, 2 do
    length = length - #entry[2][i + 1]
    if entry[2][i] == 'c' then found = string.find(entry[2][i + 1], ' depth=', 1, true) ~= nil end
  end
  return found
end
-- The calls of a pack run one by one on its last delivery, and on each that follows; it ends with what they end.
local function isLast(id, counted)
  if counted <= 1 or last <= 1 or counted < last then return false end
  if counted == last then return true end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  return entry ~= nil and packed(entry) > 0
end
local looked = nil
for _ = 1, ${PAGES} do
  for _, p in ipairs(pending) do
    if #ids == most or length <= 0 then break end
    local id = p[1]
    looked = id
    notes[id] = noted(due, group, id)
    local sparedBefore = tonumber(string.match(notes[id], '^%S+ %S+ %S* (%d+)$') or 0)
    spared[id] = math.min(sparedBefore, math.max(0, p[4] - 1)) + left
    before[id] = p[4]
    local counted = p[4] + 1 - spared[id]
    if not wanted(id) then
      -- Somebody else's, or another time.
    elseif isLast(id, counted) then
      suspect = suspect or id
    else
      ids[#ids + 1] = id
    end
  end
  if #ids > 0 or #pending == 0 or length <= 0 then break end
  -- Nothing comes after the highest id that there is: Redis has an error for the question.
  pending = looked == '${LAST_ID}' and {} or redis.call('XPENDING', stream, group, '(' .. looked, '+', ${PAGE}, dead)
end
if #ids == 0 then
  if suspect and suspects == '1' then
    ids[1] = suspect
  elseif nested and #pending > 0 then
    return { 'on', looked, suspect and '1' or '0' }
  elseif nested and not suspect then
    return { 'empty' }
  else
    return { 'suspects' }
  end
end
local entries = redis.call('XCLAIM', stream, group, me, 0, unpack(ids))
local present, deliveries, found, packs = {}, {}, {}, {}
for _, entry in ipairs(entries) do
  if entry and entry[2] then
    local n, id = #present + 1, entry[1]
    if left == 1 then
      local attempt = string.match(notes[id], '^%S+ %S+ %S*') or '0 0 '
      notes[id] = attempt .. ' ' .. string.format('%.0f', spared[id])
      redis.pcall('HSET', due, group .. ' ' .. id, notes[id])
    end
    present[n], deliveries[n], found[n] = entry, string.format('%.0f', before[id] + 1), notes[id]
    packs[n] = knownOf(entry)
    before[id] = nil
  end
end
for _, id in ipairs(ids) do
  if before[id] then redis.pcall('HDEL', due, group .. ' ' .. id) end
end
return { 'ok', present, deliveries, found, packs }
`,
});

export async function claim(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { dead, stream }: { readonly dead: string; readonly stream: string },
  { count, permitted, suspects, nestedFrom = '' }: Claim,
): Promise<ClaimAnswer> {
  const answer = await run(link, claimScript, {
    lease: keys.lease(consumer),
    revoked: keys.lease(dead),
    gone: keys.left(dead),
    stream: keys.stream(stream),
    due: keys.due(stream),
    part: keys.part(stream),
    token,
    group,
    dead,
    me: consumer,
    count,
    permitted,
    suspects,
    nestedFrom,
  });
  const parts = listOf(answer, 'claim');
  if (parts[0] === 'ok') return heldEntries(parts);
  if (parts[0] === 'on' && isEntryId(parts[1])) {
    return { searchedTo: parts[1], suspects: parts[2] === '1' };
  }
  return wordOf(parts[0], [...LEASE_LOST, 'alive', 'empty', 'suspects'] as const, 'claim');
}
