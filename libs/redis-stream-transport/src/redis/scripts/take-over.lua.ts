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

/**
 * Claims a page of what is pending under a revoked consumer, counting a delivery; when nothing is left,
 * deletes the consumer in the same fenced step. Deleting it any other way would destroy what it owns.
 *
 * An entry for which this delivery would be the last is claimed alone, and only when no other is left:
 * it may be poison, and what waited beside it would lose a delivery with it, without ever having run.
 *
 * KEYS: my lease, the revoked lease, stream, due:<stream>.
 * ARGV: my token, group, the revoked consumer, my name, entries at most, deliveries permitted.
 * Returns { 'fenced' }, { 'alive' }, { 'empty' } or { 'ok', entries, deliveries, due } (lists in the
 * same order; entries deleted meanwhile are left out, and no longer pending).
 */
export const claimScript = defineScript(
  'claim',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'fenced' } end
if redis.call('GET', KEYS[2]) ~= '${TOMBSTONE}' then return { 'alive' } end
local stream, group, dead, me = KEYS[3], ARGV[2], ARGV[3], ARGV[4]
local pending = redis.pcall('XPENDING', stream, group, '-', '+', ARGV[5], dead)
if pending.err then return { 'empty' } end
if #pending == 0 then
  redis.pcall('XGROUP', 'DELCONSUMER', stream, group, dead)
  return { 'empty' }
end
local ids, before, last = {}, {}, tonumber(ARGV[6])
for _, p in ipairs(pending) do
  before[p[1]] = p[4]
  if p[4] + 1 ~= last then ids[#ids + 1] = p[1] end
end
if #ids == 0 then ids[1] = pending[1][1] end
local entries = redis.call('XCLAIM', stream, group, me, 0, unpack(ids))
local present, deliveries, due = {}, {}, {}
for _, entry in ipairs(entries) do
  if entry and entry[2] then
    local n = #present + 1
    present[n] = entry
    deliveries[n] = string.format('%.0f', before[entry[1]] + 1)
    local note = redis.pcall('HGET', KEYS[4], group .. ' ' .. entry[1])
    due[n] = type(note) == 'string' and note or ''
  end
end
return { 'ok', present, deliveries, due }
`,
  'allow-oom',
);
