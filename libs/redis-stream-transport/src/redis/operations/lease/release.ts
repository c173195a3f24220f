import { TOMBSTONE, TOMBSTONE_LIFE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { flagOf, pagesOf, type Announcement } from './announce.js';

/**
 * Leaves gracefully: a tombstone instead of the lease, for `life` milliseconds, so that what was not started
 * is taken over at once instead of after the lease, and beside it the note that the consumer left by itself,
 * so that what it hands over does not count as a delivery that went wrong. Only who holds the lease may say so:
 * what was revoked stays revoked. `flag` is what was announced.
 *
 * Answers 'ok', or 'fenced' when the lease was another's already.
 */
export const releaseScript = defineScript({
  name: 'release',
  keys: ['lease', 'left', 'members'],
  args: ['token', 'group', 'consumer', 'life'],
  each: { name: 'patterns', keys: ['live'], args: ['flag'] },
  flags: 'allow-oom',
  lua: `
local held = redis.call('GET', lease)
if held and held ~= token then return 'fenced' end
redis.call('SET', lease, '${TOMBSTONE}', 'PX', life)
if token ~= '${TOMBSTONE}' then redis.call('SET', left, '1', 'PX', life) end
redis.pcall('ZREM', members, consumer)
for _, pattern in ipairs(patterns) do
  redis.pcall('ZREM', pattern.live, group .. ' ' .. consumer .. ' ' .. pattern.flag)
end
return 'ok'
`,
});

/** Leaves a tombstone, says that nothing went wrong, and withdraws the announcements. */
export async function release(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  announcements: readonly Announcement[],
): Promise<void> {
  const [first = [], ...others] = pagesOf(announcements);
  const withdraw = (page: readonly Announcement[], holding: string): Promise<unknown> =>
    run(link, releaseScript, {
      lease: keys.lease(consumer),
      left: keys.left(consumer),
      members: keys.members(group),
      token: holding,
      group,
      consumer,
      life: TOMBSTONE_LIFE,
      patterns: page.map(({ pattern, once }) => ({
        live: keys.live(pattern),
        flag: flagOf(once),
      })),
    });
  await withdraw(first, token);
  // The token is gone with the first page: a tombstone may be renewed by anybody.
  for (const page of others) await withdraw(page, TOMBSTONE);
}
