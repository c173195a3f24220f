import { TOMBSTONE, TOMBSTONE_LIFE } from '../../lua/fence.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { flagOf, keyOf, otherFlagOf, pagesOf, type Announcement } from './announce.js';

/**
 * Replaces the lease of a consumer that leaves by a tombstone, for `life` milliseconds, so that its entries are taken
 * over at once. The note `left` beside it says that the consumer left by itself, so that these entries do not count a
 * delivery that went wrong. Only the holder of the lease may write the note: a revoked lease stays revoked. `flag` is
 * that of the announcement.
 *
 * Answers 'ok', or 'fenced' if the lease was another owner's already.
 */
export const releaseScript = defineScript({
  name: 'release',
  keys: ['lease', 'left', 'members', 'sockets', 'facts'],
  args: ['token', 'group', 'consumer', 'life'],
  each: { name: 'patterns', keys: ['live'], args: ['flag', 'was'] },
  flags: 'allow-oom',
  lua: `
local held = redis.call('GET', lease)
if held and held ~= token then return 'fenced' end
redis.call('SET', lease, '${TOMBSTONE}', 'PX', life)
if token ~= '${TOMBSTONE}' then redis.call('SET', left, '1', 'PX', life) end
redis.pcall('ZREM', members, consumer)
redis.pcall('HDEL', sockets, consumer)
redis.pcall('HDEL', facts, consumer)
for _, pattern in ipairs(patterns) do
  local member = group .. ' ' .. consumer .. ' '
  redis.pcall('ZREM', pattern.live, member .. pattern.flag, member .. pattern.was)
end
return 'ok'
`,
});

/** Leaves a tombstone and the note beside it, and withdraws the announcements. */
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
      sockets: keys.sockets(group),
      facts: keys.facts(group),
      token: holding,
      group,
      consumer,
      life: TOMBSTONE_LIFE,
      patterns: page.map((each) => ({
        live: keyOf(keys, each),
        flag: flagOf(each),
        was: otherFlagOf(each),
      })),
    });
  await withdraw(first, token);
  // The first page has replaced the token by the tombstone. For the other pages the tombstone is the token.
  for (const page of others) await withdraw(page, TOMBSTONE);
}
