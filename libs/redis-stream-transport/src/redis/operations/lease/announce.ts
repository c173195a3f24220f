import { textsOf, wordOf } from '../../answer.js';
import { LUA_FENCE_LIST } from '../../lua/fence.js';
import { LUA_NOW } from '../../lua/time.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which Redis remembers that a pattern was served, after its last consumer left. */
const SERVED_LIFE = 604_800_000;
/** Patterns that one script announces or withdraws. */
const PAGE = 200;

/** A pattern whose requests a consumer answers, and whether they may be started only once. */
export interface Announcement {
  readonly pattern: string;
  readonly once: boolean;
  /** Whether it takes packs now. */
  readonly packs?: boolean;
  /** Over how many streams callers may spread its calls; undefined: it has one. */
  readonly spread?: number | undefined;
}

export type AnnounceAnswer =
  /** `broken`: patterns that cannot be announced, because their key has another type. */
  | { readonly kind: 'ok'; readonly broken?: readonly string[] }
  | { readonly kind: 'missing' | 'fenced' }
  /** Another live group answers this pattern already. Nothing changed. */
  | { readonly kind: 'conflict'; readonly pattern: string; readonly group: string };

/**
 * Announces that a consumer answers requests of these patterns, until the end of its lease: for `ttl`
 * milliseconds. The member `.` with score 0 stays for `served` milliseconds, so that the key says that the pattern was
 * served. With `check`, another live group that answers one of the patterns is reported, and nothing is announced.
 * `flag` is `-`, or any of `packs`, `spread=<number>` and `once`, in this order; `was` is the flag that it may have had
 * before.
 *
 * Answers { 'ok', positions of patterns whose key has another type… }, { 'missing' }, { 'fenced' } or
 * { 'conflict', position, group }.
 */
export const announceScript = defineScript({
  name: 'announce',
  keys: ['lease'],
  args: ['token', 'group', 'consumer', 'ttl', 'served', 'check'],
  each: { name: 'patterns', keys: ['live'], args: ['flag', 'was'] },
  lua: `
${LUA_NOW}
${LUA_FENCE_LIST}
if check == '1' then
  for i, pattern in ipairs(patterns) do
    for _, member in ipairs(redis.pcall('ZRANGEBYSCORE', pattern.live, whole(now), '+inf')) do
      local other = string.match(member, '^[^ ]+')
      if other and other ~= group then return { 'conflict', whole(i - 1), other } end
    end
  end
end
local said = { 'ok' }
for i, pattern in ipairs(patterns) do
  local live, member = pattern.live, group .. ' ' .. consumer .. ' ' .. pattern.flag
  local added = redis.pcall('ZADD', live, 0, '.', now + ttl, member)
  if type(added) ~= 'table' then
    if pattern.was ~= pattern.flag then redis.call('ZREM', live, group .. ' ' .. consumer .. ' ' .. pattern.was) end
    redis.call('ZREMRANGEBYSCORE', live, '(0', whole(now - ttl))
    redis.call('PEXPIRE', live, served)
  elseif string.find(added.err, 'WRONGTYPE', 1, true) then
    said[#said + 1] = whole(i - 1)
  else
    return added
  end
end
return said
`,
});

/**
 * @param options `ttl` in milliseconds; `check`: report another live group that answers one of the patterns, and
 * announce nothing
 */
export async function announce(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  announcements: readonly Announcement[],
  { ttl, check }: { readonly ttl: number; readonly check: boolean },
): Promise<AnnounceAnswer> {
  const broken: string[] = [];
  for (const page of pagesOf(announcements)) {
    const answer = await run(link, announceScript, {
      lease: keys.lease(consumer),
      token,
      group,
      consumer,
      ttl,
      served: SERVED_LIFE,
      check,
      patterns: page.map((each) => ({
        live: keys.live(each.pattern),
        flag: flagOf(each),
        was: otherFlagOf(each),
      })),
    });
    const [word, ...said] = textsOf(answer, 'announce');
    const kind = wordOf(word, ['ok', 'missing', 'fenced', 'conflict'] as const, 'announce');
    const patterns = said.map((at) => page[Number(at)]?.pattern ?? '');
    if (kind === 'conflict') return { kind, pattern: patterns[0] ?? '', group: said[1] ?? '' };
    if (kind !== 'ok') return { kind };
    broken.push(...patterns);
  }
  return broken.length === 0 ? { kind: 'ok' } : { kind: 'ok', broken };
}

export function pagesOf(announcements: readonly Announcement[]): (readonly Announcement[])[] {
  const pages: (readonly Announcement[])[] = [];
  for (let from = 0; from < announcements.length; from += PAGE) {
    pages.push(announcements.slice(from, from + PAGE));
  }
  return pages;
}

/** The part of an announcement that says how entries may be sent and started. */
export const flagOf = ({ once, packs = false, spread }: Announcement): string => {
  const words = packs ? ['packs'] : [];
  if (spread !== undefined) words.push(`spread=${spread}`);
  if (once) words.push('once');
  return words.length === 0 ? '-' : words.join(' ');
};

/** What it may have said before. */
export const otherFlagOf = ({ packs = false, ...others }: Announcement): string =>
  flagOf({ ...others, packs: !packs });
