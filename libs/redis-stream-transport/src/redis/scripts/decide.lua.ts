import { defineScript, LUA_NOW } from '../script.js';
import { LUA_IDS } from './group.lua.js';
import { LUA_INCARNATION } from './incarnation.lua.js';

/**
 * Milliseconds before an entry in which a missing group must have been seen to count. Live instances are
 * seen every few seconds.
 */
const SEEN_WITHIN = 86_400_000;

/**
 * Decides the fate of calls at their deadline or when they are cancelled: what no group was given is
 * deleted and will certainly not run; anything else may have run, and its owner is named.
 *
 * A group that was destroyed and not made anew yet may have been given the entry, and nobody can tell; it
 * is known by its note in the registry. (Once it is made anew, the incarnation is another.)
 *
 * KEYS: incarnation, reply log, then per call: its stream, started:<stream>, groups:<stream>. ARGV: fresh
 * incarnation id, then the entry id of each call.
 *
 * Returns { now, incarnation, last id of the log, verdicts… }: `not-run`, `may <owner>` (`-`: none) or
 * `gone`. Settling deletes the entry and appends the reply in one step, so an entry that is still there
 * has no final reply, whatever the caller has read; one that is gone may have one, up to the last id.
 */
export const decideScript = defineScript(
  'decide',
  `
${LUA_NOW}
${LUA_INCARNATION}
${LUA_IDS}
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
local id = incarnation(KEYS[1], ARGV[1])
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', KEYS[2])
if not info.err then last = field(info, 'last-generated-id') end
local answer = { whole(now), id, last }
for i = 3, #KEYS, 3 do
  local stream, entry = KEYS[i], ARGV[(i + 3) / 3]
  local verdict
  -- A key of another type took the place of the stream.
  if #redis.pcall('XRANGE', stream, entry, entry) == 0 then
    verdict = 'gone'
  else
    local owner, delivered, present = '-', false, {}
    for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      present[field(g, 'name')] = true
      if not before(field(g, 'last-delivered-id'), entry) then
        delivered = true
        local pending = redis.call('XPENDING', stream, field(g, 'name'), entry, entry, 1)
        local started = redis.pcall('HGET', KEYS[i + 1], field(g, 'name') .. ' ' .. entry)
        owner = pending[1] and pending[1][2] or type(started) == 'string' and started or owner
      end
    end
    if delivered or lost(KEYS[i + 2], present, entry) then
      verdict = 'may ' .. owner
    else
      redis.call('XDEL', stream, entry)
      verdict = 'not-run'
    end
  end
  answer[#answer + 1] = verdict
end
return answer
`,
  'allow-oom',
);

/** Abort notices kept for one consumer; the oldest go first. */
const NOTICES_KEPT = 10_000;

/**
 * Leaves a cancellation for a consumer and tells it at once.
 * KEYS: inbox. ARGV: life (ms), notices…
 */
export const abortScript = defineScript(
  'abort',
  `
for i = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
  redis.call('PUBLISH', KEYS[1], ARGV[i])
end
redis.call('LTRIM', KEYS[1], -${NOTICES_KEPT}, -1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`,
  'allow-oom',
);
