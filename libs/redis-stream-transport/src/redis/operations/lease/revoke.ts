import { wordOf } from '../../answer.js';
import { luaOnlyHeld, TOMBSTONE, TOMBSTONE_LIFE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/**
 * Revokes the missing lease of another consumer: puts a tombstone in its place, for `life` milliseconds.
 *
 * Answers 'revoked' (also if it was revoked before), 'alive', or 'fenced' if the asking consumer has no lease itself.
 */
export const revokeScript = defineScript({
  name: 'revoke',
  keys: ['lease', 'other'],
  args: ['token', 'life'],
  flags: 'allow-oom',
  lua: `
${luaOnlyHeld("'fenced'")}
local held = redis.call('GET', other)
if held == '${TOMBSTONE}' then return 'revoked' end
if held then return 'alive' end
redis.call('SET', other, '${TOMBSTONE}', 'PX', life)
return 'revoked'
`,
});

export async function revoke(
  { link, keys }: ShardPlace,
  { consumer, token }: Owner,
  dead: string,
): Promise<'revoked' | 'alive' | 'fenced'> {
  const answer = await run(link, revokeScript, {
    lease: keys.lease(consumer),
    other: keys.lease(dead),
    token,
    life: TOMBSTONE_LIFE,
  });
  return wordOf(answer, ['revoked', 'alive', 'fenced'] as const, 'revoke');
}
