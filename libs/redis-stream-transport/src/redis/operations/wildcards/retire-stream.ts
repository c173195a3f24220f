import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_IDS } from '../../lua/ids.js';
import { LUA_NOW } from '../../lua/time.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Removes a known stream that is not used: it has no entry, none was added for `idle` milliseconds, nothing is scheduled or pending,
 * and all groups that read it, or are registered, came by wildcards. Its groups go with it. If it is written again, it
 * becomes known again. What is kept of results of its calls must be gone by then, so `idle` is long.
 *
 * Answers 'kept', 'retired', 'missing' or 'fenced'.
 */
export const retireStreamScript = defineScript({
  name: 'retire-stream',
  keys: ['lease', 'stream', 'when', 'streams', 'registry', 'due', 'part', 'started'],
  args: ['token', 'name', 'idle'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_FENCE}
${LUA_IDS}
local known = redis.call('ZSCORE', streams, 's' .. name)
if not known or tonumber(known) > now - idle then return 'kept' end
if redis.call('EXISTS', when) == 1 then return 'kept' end
local is = redis.call('TYPE', registry).ok
if is ~= 'hash' and is ~= 'none' then return 'kept' end
if redis.call('EXISTS', stream) == 1 then
  local length = redis.pcall('XLEN', stream)
  if length ~= 0 then return 'kept' end
  local last = split(field(redis.call('XINFO', 'STREAM', stream), 'last-generated-id'))
  if last > now - idle then return 'kept' end
  for _, g in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if field(g, 'pending') > 0 then return 'kept' end
    if redis.call('HEXISTS', registry, field(g, 'name') .. ' wild') == 0 then return 'kept' end
  end
end
local fields = redis.call('HGETALL', registry)
for i = 1, #fields, 2 do
  local isGroup = string.match(fields[i + 1], '^%d+ %l')
  if isGroup and redis.call('HEXISTS', registry, fields[i] .. ' wild') == 0 then return 'kept' end
end
redis.call('DEL', stream, registry, due, part, started)
redis.call('ZREM', streams, 's' .. name)
return 'retired'
`,
});

/** @param idle milliseconds without a new entry */
export async function retireStream(
  { link, keys }: GroupPlace,
  { consumer, token }: Owner,
  name: string,
  idle: number,
): Promise<'kept' | 'retired' | LeaseLost> {
  const answer = await run(link, retireStreamScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(name),
    when: keys.when(name),
    streams: keys.streams(),
    registry: keys.groups(name),
    due: keys.due(name),
    part: keys.part(name),
    started: keys.started(name),
    ...{ token, name, idle },
  });
  return wordOf(answer, ['kept', 'retired', ...LEASE_LOST] as const, 'retire-stream');
}
