import { defineScript, LUA_NOW } from '../script.js';
import { LUA_IDS } from './group.lua.js';

const LUA_STRANDED = `
local function orphaned(stream, started, group, id)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  return not pending.err and #pending == 0 and redis.pcall('HEXISTS', started, group .. ' ' .. id) == 0
end
`;

/**
 * Looks for requests that were handed out and belong to nobody: an operator deleted their consumer
 * (rule L20). Events are not looked for: what a group has handled looks the same.
 *
 * KEYS: stream, started:<stream>. ARGV: group, id to go on behind ('' at first), entries to look at.
 * Returns { id to go on behind or '', ids… }.
 */
export const orphansScript = defineScript(
  'orphans',
  `
${LUA_NOW}
${LUA_IDS}
${LUA_STRANDED}
local last
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then return { '' } end
for _, g in ipairs(groups) do
  if field(g, 'name') == ARGV[1] then last = field(g, 'last-delivered-id') end
end
if not last then return { '' } end
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local page = redis.call('XRANGE', KEYS[1], from, last, 'COUNT', ARGV[3])
local answer = { #page == tonumber(ARGV[3]) and page[#page][1] or '' }
for _, entry in ipairs(page) do
  local header = field(entry[2], 'c') or ''
  local caller, timeout = string.match(header, '^%d+ %S+ %S+ (%S+) (%d+)')
  local live = caller and caller ~= '-' and (timeout == '0' or now < split(entry[1]) + timeout)
  if live and orphaned(KEYS[1], KEYS[2], ARGV[1], entry[1]) then answer[#answer + 1] = entry[1] end
end
return answer
`,
);

/**
 * Makes orphaned requests pending under this consumer; its audit finds and runs them. They count as
 * handed out before, because they were.
 *
 * KEYS: lease, stream, started:<stream>. ARGV: token, group, consumer, ids…
 * Returns 'fenced' or the number of entries adopted.
 */
export const adoptScript = defineScript(
  'adopt',
  `
${LUA_STRANDED}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
local adopted = 0
for i = 4, #ARGV do
  local id = ARGV[i]
  local exists = #redis.pcall('XRANGE', KEYS[2], id, id) == 1
  if exists and orphaned(KEYS[2], KEYS[3], ARGV[2], id) then
    redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, id, 'RETRYCOUNT', 2, 'FORCE', 'JUSTID')
    adopted = adopted + 1
  end
end
return string.format('%.0f', adopted)
`,
  'allow-oom',
);
