import type { Keys } from '../../../protocol/keys.js';
import { textsOf, wordOf } from '../../answer.js';
import { LUA_FENCE_LIST } from '../../lua/fence.js';
import { LUA_NOW } from '../../lua/time.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which Redis remembers that a pattern was served, after its last consumer left. */
export const SERVED_LIFE = 604_800_000;
/** The word of a flag that says that a wildcard stands for the pattern. */
export const WILD = 'wild';
/** Patterns that one script announces or withdraws. */
const PAGE = 200;

/** What is announced of a pattern whose requests a consumer answers, or of a stream whose events it hears. */
export interface Announcement {
  /** The pattern; where events are heard, the stream. */
  readonly pattern: string;
  /** Events are heard, and no requests are answered. Default: false. */
  readonly hears?: boolean;
  /** Requests may be started only once. */
  readonly once: boolean;
  /** Whether it takes packs now. */
  readonly packs?: boolean;
  /** Over how many streams callers may spread its calls; undefined: it has one. */
  readonly spread?: number | undefined;
  /** A wildcard of the group stands for it: no handler names it. */
  readonly wild?: boolean | undefined;
}

export type AnnounceAnswer =
  /**
   * `broken`: patterns that cannot be announced, because their key has another type. `yields`: another group answers this one
   * by a wildcard still, and was told to leave it to this group.
   */
  | { readonly kind: 'ok'; readonly broken?: readonly string[]; readonly yields?: AnsweredPattern }
  | { readonly kind: 'missing' | 'fenced' }
  /** Another live group answers this pattern already. Nothing changed. */
  | ({ readonly kind: 'conflict' } & AnsweredPattern);

/** A pattern that another live group answers. */
export interface AnsweredPattern {
  readonly pattern: string;
  readonly group: string;
}

/**
 * Announces that a consumer answers requests of these patterns, until the end of its lease: for `ttl`
 * milliseconds. The member `.` with score 0 stays for `served` milliseconds, so that the key says that the pattern was
 * served. With `check`, another live group that answers one of the patterns is reported, and nothing is announced. One that
 * answers it by a wildcard is told the name on `streams`: it sees the announcement, and leaves the pattern. It runs when
 * memory is full: who reads is to be seen then too.
 * Consumers that hear events of a stream are announced in the same way, with `hears:<stream>` in place of `live:<pattern>`, and without
 * `check`.
 * `flag` is `-`, or any of `packs`, `spread=<number>`, `wild` and `once`, in this order; `was` is the flag that it may have had
 * before.
 *
 * Answers { 'ok', positions of patterns whose key has another type… }, { 'yields', position, group, positions of patterns
 * whose key has another type… }, { 'missing' }, { 'fenced' } or { 'conflict', position, group }.
 */
export const announceScript = defineScript({
  name: 'announce',
  keys: ['lease'],
  args: ['token', 'group', 'consumer', 'ttl', 'served', 'check'],
  each: { name: 'patterns', keys: ['live'], args: ['flag', 'was'] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_FENCE_LIST}
local said = { 'ok' }
local told = {}
local tag = string.sub(lease, 1, -#consumer - #'lease:' - 1)
if check == '1' then
  for i, pattern in ipairs(patterns) do
    for _, member in ipairs(redis.pcall('ZRANGEBYSCORE', pattern.live, whole(now), '+inf')) do
      local other, words = string.match(member, '^([^ ]+)'), string.match(member, '^%S+ %S+ (.*)$') or ''
      if other and other ~= group then
        if not string.find(' ' .. words .. ' ', ' ${WILD} ', 1, true) then return { 'conflict', whole(i - 1), other } end
        said = { 'yields', whole(i - 1), other }
        if told[#told] ~= pattern then told[#told + 1] = pattern end
      end
    end
  end
end
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
for _, pattern in ipairs(told) do redis.pcall('SPUBLISH', tag .. 'streams', string.sub(pattern.live, #tag + #'live:' + 1)) end
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
  let yields: AnsweredPattern | undefined;
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
        live: keyOf(keys, each),
        flag: flagOf(each),
        was: otherFlagOf(each),
      })),
    });
    const [word, ...said] = textsOf(answer, 'announce');
    const words = ['ok', 'yields', 'missing', 'fenced', 'conflict'] as const;
    const kind = wordOf(word, words, 'announce');
    const patternAt = (at: string | undefined): string => page[Number(at)]?.pattern ?? '';
    const other = { pattern: patternAt(said[0]), group: said[1] ?? '' };
    if (kind === 'conflict') return { kind, ...other };
    if (kind !== 'ok' && kind !== 'yields') return { kind };
    if (kind === 'yields') yields = other;
    broken.push(...said.slice(kind === 'yields' ? 2 : 0).map(patternAt));
  }
  return {
    kind: 'ok',
    ...(broken.length === 0 ? {} : { broken }),
    ...(yields === undefined ? {} : { yields }),
  };
}

/** The key where it is announced. */
export const keyOf = (keys: Keys, { pattern, hears = false }: Announcement): string =>
  hears ? keys.hears(pattern) : keys.live(pattern);

export function pagesOf(announcements: readonly Announcement[]): (readonly Announcement[])[] {
  const pages: (readonly Announcement[])[] = [];
  for (let from = 0; from < announcements.length; from += PAGE) {
    pages.push(announcements.slice(from, from + PAGE));
  }
  return pages;
}

/** The part of an announcement that says how entries may be sent and started. */
export const flagOf = ({ once, packs = false, spread, wild = false }: Announcement): string => {
  const words = packs ? ['packs'] : [];
  if (spread !== undefined) words.push(`spread=${spread}`);
  if (wild) words.push(WILD);
  if (once) words.push('once');
  return words.length === 0 ? '-' : words.join(' ');
};

/** What it may have said before. */
export const otherFlagOf = ({ packs = false, ...others }: Announcement): string =>
  flagOf({ ...others, packs: !packs });
