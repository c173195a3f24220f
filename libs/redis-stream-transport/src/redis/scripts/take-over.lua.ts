import { defineScript } from '../script.js';
import { TOMBSTONE } from './lease.lua.js';

/**
 * Lists the consumers of a group, and the groups of broadcasts beside it.
 * KEYS: streams, then started:<stream> of each, then groups:<stream> of each. ARGV: group. Returns per
 * stream: names of consumers that its group lists, and of those that started something once there (a group
 * that was destroyed has forgotten them); then per stream the groups whose name begins as those of its
 * broadcasts do and that nobody registered: a registered one is a service.
 */
export const scanScript = defineScript(
  'scan',
  `
local answer = {}
local many = #KEYS / 3
for i = 1, many do
  local stream = KEYS[i]
  local names, broadcasts = {}, {}
  local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, ARGV[1])
  if not consumers.err then
    for n, c in ipairs(consumers) do names[n] = c[2] end
  end
  local started = redis.pcall('HGETALL', KEYS[many + i])
  for n = 1, #started, 2 do
    if string.sub(started[n], 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then names[#names + 1] = started[n + 1] end
  end
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err then
    for _, g in ipairs(groups) do
      local mark = string.sub(g[2], #ARGV[1] + 1, #ARGV[1] + 1)
      if string.sub(g[2], 1, #ARGV[1]) == ARGV[1] and (mark == '{' or mark == '~') then
        if redis.pcall('HEXISTS', KEYS[2 * many + i], g[2]) == 0 then broadcasts[#broadcasts + 1] = g[2] end
      end
    end
  end
  answer[i], answer[many + i] = names, broadcasts
end
return answer
`,
);

/** KEYS: leases. Returns per lease: its value ('' when missing) and the milliseconds it has left. */
export const leasesScript = defineScript(
  'leases',
  `
local answer = {}
for i, key in ipairs(KEYS) do
  -- A key of another type is nobody's lease, and nobody's to revoke; the others are looked at all the same.
  local held = redis.pcall('GET', key)
  answer[2 * i - 1] = type(held) == 'table' and '?' or held or ''
  answer[2 * i] = string.format('%.0f', redis.call('PTTL', key))
end
return answer
`,
);

/** Entries that one claim passes over at most, looking for others, and characters of them if it reads them. */
const PAGES = 10;
const PAGE = 100;
const LENGTH = 8_388_608;

/**
 * Claims a page of what is pending under a revoked consumer, counting a delivery, and never more than was
 * asked for; when nothing is left, deletes the consumer in the same fenced step. Deleting it any other way
 * would destroy what it owns.
 *
 * Deliveries by consumers that left by themselves say nothing against an entry. Redis counts them all the
 * same, because replies and the truth about what may have run need that, so they are noted with the entry.
 *
 * An entry for which this would be the last delivery that is permitted, beyond the first, is a suspect. It
 * is claimed only on request, alone, and when no other is left: it may be poison, and what waited beside it
 * would lose a delivery with it, without ever having run.
 *
 * Where only calls that were made inside handlers are wanted, everything else is passed over.
 *
 * KEYS: my lease, the revoked lease, its left:<consumer>, stream, due:<stream>.
 * ARGV: my token, group, the revoked consumer, my name, entries at most, deliveries permitted, whether a
 * suspect is wanted (0/1), and, where only calls made inside handlers are wanted, from which id on ('' else).
 * Returns { 'fenced' }, { 'alive' }, { 'empty' }, { 'suspects' } (nothing else is left, or a suspect was
 * not wanted), { 'on', id, suspects } (none up to that id, perhaps beside suspects: 0/1) or { 'ok', entries, deliveries, notes } (lists in the same order; entries deleted meanwhile
 * are left out, and no longer pending).
 */
export const claimScript = defineScript(
  'claim',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'fenced' } end
if redis.call('GET', KEYS[2]) ~= '${TOMBSTONE}' then return { 'alive' } end
local left = redis.call('EXISTS', KEYS[3])
local stream, due, group, dead, me = KEYS[4], KEYS[5], ARGV[2], ARGV[3], ARGV[4]
local most, nested, from = tonumber(ARGV[5]), ARGV[8] ~= '', ARGV[8]
if not nested then from = '-' end
local pending = redis.pcall('XPENDING', stream, group, from, '+', nested and ${PAGE} or most, dead)
if pending.err then return { 'empty' } end
if #pending == 0 and from ~= '-' then return { 'empty' } end
if #pending == 0 then
  redis.pcall('XGROUP', 'DELCONSUMER', stream, group, dead)
  return { 'empty' }
end
local ids, before, last, suspect = {}, {}, tonumber(ARGV[6]), nil
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
local looked = nil
for _ = 1, ${PAGES} do
  for _, p in ipairs(pending) do
    if #ids == most or length <= 0 then break end
    local id = p[1]
    looked = id
    local note = redis.pcall('HGET', due, group .. ' ' .. id)
    notes[id] = type(note) == 'string' and note or ''
    local noted = tonumber(string.match(notes[id], '^%S+ %S+ %S* (%d+)$') or 0)
    spared[id] = math.min(noted, math.max(0, p[4] - 1)) + left
    before[id] = p[4]
    local counted = p[4] + 1 - spared[id]
    if not wanted(id) then
      -- Somebody else's, or another time.
    elseif counted > 1 and counted == last then
      suspect = suspect or id
    else
      ids[#ids + 1] = id
    end
  end
  if #ids > 0 or #pending == 0 or length <= 0 then break end
  pending = redis.call('XPENDING', stream, group, '(' .. looked, '+', ${PAGE}, dead)
end
if #ids == 0 then
  if suspect and ARGV[7] == '1' then
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
local present, deliveries, found = {}, {}, {}
for _, entry in ipairs(entries) do
  if entry and entry[2] then
    local n, id = #present + 1, entry[1]
    if left == 1 then
      local attempt = string.match(notes[id], '^%S+ %S+ %S*') or '0 0 '
      notes[id] = attempt .. ' ' .. string.format('%.0f', spared[id])
      redis.pcall('HSET', due, group .. ' ' .. id, notes[id])
    end
    present[n], deliveries[n], found[n] = entry, string.format('%.0f', before[id] + 1), notes[id]
    before[id] = nil
  end
end
for _, id in ipairs(ids) do
  if before[id] then redis.pcall('HDEL', due, group .. ' ' .. id) end
end
return { 'ok', present, deliveries, found }
`,
  'allow-oom',
);
