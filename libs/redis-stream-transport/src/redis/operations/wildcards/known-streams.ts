import { numberOf, textsOf } from '../../answer.js';
import { LUA_NOW } from '../../lua/time.js';
import type { GroupPlace, ShardPlace } from '../place.js';
import { defineScript, run } from '../script.js';

/** Bytes of the longest name of a stream, and what stands before it. */
const LONGEST = 4097;

/**
 * Lists streams that became known, from a time on (`from`, ms), `count` at most, and of that time those after the member `after`
 * ('': all of them), which may be gone. A name that is longer than one can be is an empty text, and so is what is no stream.
 *
 * Answers { now (ms), the member after which to go on, name, time, name, time… }.
 */
export const knownStreamsScript = defineScript({
  name: 'known-streams',
  keys: ['streams'],
  args: ['from', 'after', 'count'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
-- As Redis orders members, whatever the locale.
local function upTo(a, b)
  for i = 1, math.min(#a, #b) do
    local one, other = string.byte(a, i), string.byte(b, i)
    if one ~= other then return one < other end
  end
  return #a <= #b
end
local low = redis.call('ZCOUNT', streams, '-inf', '(' .. from)
local high = after == '' and low or low + redis.call('ZCOUNT', streams, from, from)
while low < high do
  local middle = math.floor((low + high) / 2)
  if upTo(redis.call('ZRANGE', streams, middle, middle)[1], after) then low = middle + 1 else high = middle end
end
local known = redis.call('ZRANGE', streams, low, low + count - 1, 'WITHSCORES')
local last = known[#known - 1] or ''
-- All that begin like one that is too long come before this.
if #last > ${LONGEST} then last = string.sub(last, 1, ${LONGEST}) .. '\\244\\143\\191\\191' end
for i = 1, #known, 2 do
  local name = known[i]
  local isStream = #name <= ${LONGEST} and string.sub(name, 1, 1) == 's'
  known[i] = isStream and string.sub(name, 2) or ''
end
return { whole(now), last, unpack(known) }
`,
});

/** Where to go on: at a time (ms), after a member of the set. */
export interface KnownFrom {
  readonly time: number;
  readonly after: string;
}

export interface KnownStreams {
  /** Redis' clock at that moment, ms. */
  readonly now: number;
  readonly names: readonly string[];
  /** Undefined: there are no more. */
  readonly next: KnownFrom | undefined;
  /** When the last one became known; the given time if there is none. */
  readonly last: number;
}

export async function knownStreams(
  { link, keys }: ShardPlace,
  { time, after }: KnownFrom,
  count: number,
): Promise<KnownStreams> {
  const given = { streams: keys.streams(), from: time, after, count };
  const said = textsOf(await run(link, knownStreamsScript, given), 'known-streams');
  const [now, member = '', ...answer] = said;
  const names: string[] = [];
  let last = time;
  for (let i = 0; i < answer.length; i += 2) {
    last = numberOf(answer[i + 1]);
    if (answer[i] !== '') names.push(answer[i] as string);
  }
  const isFull = answer.length >= 2 * count;
  return {
    now: numberOf(now),
    names,
    next: isFull ? { time: last, after: member } : undefined,
    last,
  };
}

/**
 * Finds streams that Redis has forgotten, because they were removed. `mark` is the group and one of its wildcards: if that is not
 * known, Redis has lost its memory, and nothing is said about the streams.
 *
 * Answers { 1 or 0: the wildcard is known, those of the names that are not known… }.
 */
export const unknownStreamsScript = defineScript({
  name: 'unknown-streams',
  keys: ['streams'],
  args: ['mark', '...names'],
  flags: 'allow-oom',
  lua: `
if not redis.call('ZSCORE', streams, 'g' .. mark) then return { '0' } end
local said = { '1' }
for _, name in ipairs(names) do
  if not redis.call('ZSCORE', streams, 's' .. name) then said[#said + 1] = name end
end
return said
`,
});

/** @param wildcard one of the group's @returns undefined: Redis does not know that the group has it */
export async function unknownStreams(
  { link, keys, group }: GroupPlace,
  wildcard: string,
  names: readonly string[],
): Promise<string[] | undefined> {
  const given = { streams: keys.streams(), mark: `${group} ${wildcard}`, names };
  const [isKnown, ...unknown] = textsOf(
    await run(link, unknownStreamsScript, given),
    'unknown-streams',
  );
  return isKnown === '1' ? unknown : undefined;
}

/**
 * Makes streams known again that are read: Redis has lost its memory.
 *
 * Answers how many were not known.
 */
export const rememberStreamsScript = defineScript({
  name: 'remember-streams',
  keys: ['streams'],
  args: ['...names'],
  flags: 'allow-oom',
  lua: `
${LUA_NOW}
local new = 0
for _, name in ipairs(names) do new = new + redis.call('ZADD', streams, 'NX', whole(now), 's' .. name) end
return new
`,
});

export async function rememberStreams(
  { link, keys }: ShardPlace,
  names: readonly string[],
): Promise<void> {
  await run(link, rememberStreamsScript, { streams: keys.streams(), names });
}

/**
 * Notes up to when (`time`, ms) a group has dealt with all streams that became known: it reads those that its wildcards stand
 * for. The janitor keeps what was written to streams that became known later. A later note is never replaced by an earlier one.
 *
 * Answers how many notes there are now that were not there.
 */
export const noteLookedScript = defineScript({
  name: 'note-looked',
  keys: ['looked'],
  args: ['group', 'time', '...texts'],
  flags: 'allow-oom',
  lua: `
local new = 0
for _, text in ipairs(texts) do new = new + redis.call('ZADD', looked, 'GT', time, group .. ' ' .. text) end
return new
`,
});

/** @param until Redis' clock, ms */
export async function noteLooked(
  { link, keys, group }: GroupPlace,
  until: number,
  texts: readonly string[],
): Promise<void> {
  await run(link, noteLookedScript, { looked: keys.looked(), group, time: until, texts });
}
