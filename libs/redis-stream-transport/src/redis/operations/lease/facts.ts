import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which Redis keeps what consumers said about themselves, after the last of them said it again. */
const FACTS_LIFE = 86_400_000;
/** The same of what they have done: it is old soon, and they say it only when they are asked. */
const STATISTICS_LIFE = 60_000;

/**
 * Notes what a consumer says about itself: `text`. The key lives for `life` milliseconds from now. Who leaves, or
 * revokes the lease, removes it. Runs when memory is full: operators ask then, and it is small.
 *
 * Answers 'ok', 'missing' or 'fenced'.
 */
export const factsScript = defineScript({
  name: 'facts',
  keys: ['lease', 'facts'],
  args: ['token', 'consumer', 'text', 'life'],
  flags: 'allow-oom',
  lua: `
${LUA_FENCE}
redis.call('HSET', facts, consumer, text)
redis.call('PEXPIRE', facts, life)
return 'ok'
`,
});

export function noteFacts(
  place: GroupPlace,
  owner: Owner,
  text: string,
): Promise<'ok' | LeaseLost> {
  return note(place, owner, { facts: place.keys.facts(place.group), text, life: FACTS_LIFE });
}

/** Notes what a consumer has done. */
export function noteStatistics(
  place: GroupPlace,
  owner: Owner,
  text: string,
): Promise<'ok' | LeaseLost> {
  const facts = place.keys.statistics(place.group);
  return note(place, owner, { facts, text, life: STATISTICS_LIFE });
}

async function note(
  { link, keys }: GroupPlace,
  { consumer, token }: Owner,
  said: { readonly facts: string; readonly text: string; readonly life: number },
): Promise<'ok' | LeaseLost> {
  const lease = keys.lease(consumer);
  const answer = await run(link, factsScript, { lease, token, consumer, ...said });
  return wordOf(answer, ['ok', ...LEASE_LOST] as const, 'facts');
}
