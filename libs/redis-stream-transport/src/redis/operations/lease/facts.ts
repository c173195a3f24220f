import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which Redis keeps what consumers said about themselves, after the last of them said it again. */
const FACTS_LIFE = 86_400_000;

/**
 * Notes what a consumer says about itself: `text`. The key lives for `life` milliseconds from now. Who leaves, or
 * revokes the lease, removes it.
 *
 * Answers 'ok', 'missing' or 'fenced'.
 */
export const factsScript = defineScript({
  name: 'facts',
  keys: ['lease', 'facts'],
  args: ['token', 'consumer', 'text', 'life'],
  lua: `
${LUA_FENCE}
redis.call('HSET', facts, consumer, text)
redis.call('PEXPIRE', facts, life)
return 'ok'
`,
});

export async function noteFacts(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  text: string,
): Promise<'ok' | LeaseLost> {
  const answer = await run(link, factsScript, {
    ...{ lease: keys.lease(consumer), facts: keys.facts(group) },
    ...{ token, consumer, text, life: FACTS_LIFE },
  });
  return wordOf(answer, ['ok', ...LEASE_LOST] as const, 'facts');
}
