import { numberOf, textsOf, wordOf } from '../../answer.js';
import { LUA_FENCE_LIST } from '../../lua/fence.js';
import { LUA_NOW } from '../../lua/time.js';
import { LEASE_LOST, type LeaseLost, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Milliseconds for which Redis keeps what belongs to wildcards at least, after the last consumer that has any left. */
const LIFE = 604_800_000;
/** Members of `wildcards` whose time is over that one announcement takes out. */
const OLD = 1000;

/** A pattern with wildcards, and whether its requests are answered. */
export interface AnnouncedWildcard {
  readonly text: string;
  readonly answers: boolean;
}

/** For how long an announcement counts, and what the group has. */
export interface WildcardTerms {
  /** Milliseconds for which the announcement holds. */
  readonly ttl: number;
  /** Milliseconds for which another group counts that answered a pattern, and this one after its last instance has gone. */
  readonly groupTtl: number;
  /** When the instance announced them first (Redis' clock, ms); undefined: now. Redis may have lost its memory since then. */
  readonly came: number | undefined;
}

export type WildcardsAnswer =
  | {
      readonly kind: 'ok';
      /** Redis' clock, ms. */
      readonly now: number;
      /** Redis did not know that the group has wildcards. */
      readonly isNew: boolean;
    }
  | { readonly kind: LeaseLost };

/**
 * Announces which wildcards a consumer handles, until the end of its lease: for `ttl` milliseconds. From then on clients make
 * every stream known that they write to.
 *
 * `wildcards` gets `<group> <consumer> <kind> <wildcard>`; the kind is `r` and `groupTtl` (it answers requests), or `e`; `other`
 * is the kind that it may have had. What
 * stays, for `life` milliseconds from now, is `g<group> <wildcard>` in `streams`, since when the group has it (`came`, '' for
 * now), and `<group> <wildcard>` in `looked`, up to when it has looked at all streams: not yet. Both are forgotten when the group
 * had no instance with the wildcard for its `groupTtl` (ms): the member `<group> . k <wildcard>` of `wildcards` says until when they
 * count. No consumer has that name.
 *
 * Answers { 'ok', now, 1 if one of them is new to Redis, else 0 }, { 'missing' } or { 'fenced' }.
 */
export const announceWildcardsScript = defineScript({
  name: 'announce-wildcards',
  keys: ['lease', 'streams', 'looked', 'wildcards'],
  args: ['token', 'group', 'consumer', 'ttl', 'groupTtl', 'life', 'came'],
  each: { name: 'marks', keys: [], args: ['kind', 'other', 'text'] },
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
${LUA_FENCE_LIST}
if came == '' then came = whole(now) end
local new = 0
for _, mark in ipairs(marks) do
  local known = group .. ' ' .. mark.text
  new = math.max(new, redis.call('ZADD', streams, 'NX', came, 'g' .. known))
  redis.call('ZADD', looked, 'NX', 0, known)
  redis.call('ZADD', wildcards, whole(now + ttl), group .. ' ' .. consumer .. ' ' .. mark.kind .. ' ' .. mark.text)
  redis.call('ZREM', wildcards, group .. ' ' .. consumer .. ' ' .. mark.other .. ' ' .. mark.text)
  redis.call('ZADD', wildcards, 'GT', whole(now + math.max(ttl, groupTtl)), group .. ' . k ' .. mark.text)
end
for _, old in ipairs(redis.call('ZRANGEBYSCORE', wildcards, '-inf', whole(now - ttl), 'LIMIT', 0, ${OLD})) do
  local of, text = string.match(old, '^(%S+) %. k (.+)$')
  if of then
    redis.call('ZREM', looked, of .. ' ' .. text)
    redis.call('ZREM', streams, 'g' .. of .. ' ' .. text)
  end
  redis.call('ZREM', wildcards, old)
end
for _, key in ipairs({ streams, looked, wildcards }) do
  if redis.call('PTTL', key) < tonumber(life) then redis.call('PEXPIRE', key, life) end
end
return { 'ok', whole(now), whole(new) }
`,
});

const kindOf = (answers: boolean, groupTtl: number): string => (answers ? `r${groupTtl}` : 'e');

export async function announceWildcards(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  wildcards: readonly AnnouncedWildcard[],
  { ttl, groupTtl, came }: WildcardTerms,
): Promise<WildcardsAnswer> {
  const answer = await run(link, announceWildcardsScript, {
    lease: keys.lease(consumer),
    streams: keys.streams(),
    looked: keys.looked(),
    wildcards: keys.wildcards(),
    ...{ token, group, consumer, ttl, groupTtl, life: Math.max(LIFE, groupTtl), came: came ?? '' },
    marks: wildcards.map(({ text, answers }) => {
      return { kind: kindOf(answers, groupTtl), other: kindOf(!answers, groupTtl), text };
    }),
  });
  const [word, now, isNew] = textsOf(answer, 'announce-wildcards');
  const kind = wordOf(word, ['ok', ...LEASE_LOST] as const, 'announce-wildcards');
  return kind === 'ok' ? { kind, now: numberOf(now), isNew: isNew === '1' } : { kind };
}

/**
 * Withdraws what a consumer that leaves has announced. `marks` are what may stand after the group and the consumer.
 * That the group has the wildcards stays.
 *
 * Answers how many there were.
 */
export const withdrawWildcardsScript = defineScript({
  name: 'withdraw-wildcards',
  keys: ['wildcards'],
  args: ['group', 'consumer', '...marks'],
  flags: 'allow-oom',
  lua: `
local gone = 0
for _, mark in ipairs(marks) do
  gone = gone + redis.call('ZREM', wildcards, group .. ' ' .. consumer .. ' ' .. mark)
end
return gone
`,
});

export async function withdrawWildcards(
  { link, keys, group }: GroupPlace,
  { consumer }: Owner,
  wildcards: readonly AnnouncedWildcard[],
  groupTtl: number,
): Promise<void> {
  const kinds = [kindOf(true, groupTtl), kindOf(false, groupTtl)];
  const marks = wildcards.flatMap(({ text }) => kinds.map((kind) => `${kind} ${text}`));
  const given = { wildcards: keys.wildcards(), group, consumer, marks };
  await run(link, withdrawWildcardsScript, given);
}
