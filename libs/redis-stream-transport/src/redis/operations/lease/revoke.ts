import { wordOf } from '../../answer.js';
import { LUA_FENCE, TOMBSTONE, TOMBSTONE_LIFE } from '../../lua/fence.js';
import { LUA_RUN } from '../../lua/run.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Revokes a lease that is missing: leaves a tombstone for `life` milliseconds. With `note`, what was noted about
 * the connections of the consumer, also one that has time left: if nothing else was noted since, and by this
 * life of the server.
 *
 * Answers 'revoked' (also if it was revoked before), 'alive', or, of the lease of the asking consumer, 'missing' or 'fenced'.
 */
export const revokeScript = defineScript({
  name: 'revoke',
  keys: ['lease', 'other', 'sockets', 'facts'],
  args: ['token', 'life', 'dead', 'note'],
  flags: 'allow-oom',
  lua: `
${LUA_FENCE}
local held = redis.call('GET', other)
if held == '${TOMBSTONE}' then
  redis.pcall('HDEL', sockets, dead)
  redis.pcall('HDEL', facts, dead)
  return 'revoked'
end
local function cutOff()
  ${LUA_RUN}
  return redis.pcall('HGET', sockets, dead) == note and string.match(note, '^%d+ (%w+) ') == run
end
if held and (note == '' or not cutOff()) then return 'alive' end
redis.call('SET', other, '${TOMBSTONE}', 'PX', life)
redis.pcall('HDEL', sockets, dead)
redis.pcall('HDEL', facts, dead)
return 'revoked'
`,
});

/** @param note of its connections, all of which are gone; '': its lease is missing */
export async function revoke(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  dead: string,
  note: string,
): Promise<'revoked' | 'alive' | LeaseLost> {
  const answer = await run(link, revokeScript, {
    lease: keys.lease(consumer),
    other: keys.lease(dead),
    sockets: keys.sockets(group),
    facts: keys.facts(group),
    token,
    life: TOMBSTONE_LIFE,
    dead,
    note,
  });
  return wordOf(answer, ['revoked', 'alive', ...LEASE_LOST] as const, 'revoke');
}
