import { textOf, unreadable } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_NOTES } from '../../lua/notes.js';
import { LUA_PACK } from '../../lua/pack.js';
import type { Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';
import { STARTED_LIFE } from './start.js';

/** What is wanted of a call of a pack: nothing; a mark of ours; a mark, whoever has set the one that is there. */
export type Wanted = '.' | 't' | 'T';

/** What a call of a pack is to do: run; leave it to others; or end, because somebody had marked it before. */
export const MARKS = { 1: 'run', 0: 'lost', t: 'marked' } as const;
export type Marked = (typeof MARKS)[keyof typeof MARKS];

/** Calls of a pack that are about to start. */
export interface Marks {
  /** What its letters are noted under. */
  readonly note: string;
  /** For each call of the pack, in their order. */
  readonly wanted: readonly Wanted[];
  /** Of each call, how many attempts have failed; empty where none has of any. */
  readonly attempts: readonly number[];
  /** Those that are wanted may be started once only. */
  readonly once: boolean;
}

/**
 * Marks calls of packs before they start, where another process must be able to see which calls of a pack have
 * started: on the last permitted delivery, and where they may be started once only (rule P13). A mark that comes after
 * the attempt that it was meant for is refused.
 *
 * A mark that is there already was set by an earlier owner of the pack, unless this process has asked for it before
 * and has lost the answer: then it asks with `T`.
 *
 * Of a pack whose calls may be started once only, the consumer is noted as well, as of other such entries. Its calls are
 * that consumer's, until it ends them or is revoked: a group that was destroyed and made anew may have given the pack to
 * another one meanwhile, which must neither start them nor tell their callers that their instance is gone.
 *
 * Raises where nothing can be noted: what is not marked must not start.
 * Answers 'missing', 'fenced' or 'ok' and for each pack a text with a sign for each call: `1` (run it), `0` (it belongs
 * to another consumer, has ended, or this attempt is over), `t` (it had been marked before) or `.` (nothing was wanted).
 */
export const markScript = defineScript({
  name: 'mark',
  keys: ['lease', 'stream', 'due', 'part', 'started'],
  args: ['token', 'group', 'consumer'],
  each: { name: 'packs', keys: [], args: ['note', 'wanted', 'attempts', 'once'] },
  flags: 'allow-oom',
  lua: `
${LUA_NOTES}
${LUA_PACK}
${LUA_FENCE}
local function failed(id, place)
  local name = id .. '#' .. string.format('%.0f', place)
  return tonumber(string.match(noted(due, group, name), '^%d+ (%d+)') or 0)
end
local isNoted = redis.call('EXISTS', due) == 1
local said, begins = 'ok', false
for _, pack in ipairs(packs) do
  local note, wanted, attempt = pack.note, pack.wanted, string.gmatch(pack.attempts, '%d+')
  local id = string.match(note, '^%S+')
  local start = group .. ' ' .. id
  local by = pack.once == '1' and redis.call('HGET', started, start)
  local isMine = by == consumer
  if not by then
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    isMine = not pending.err and #pending == 1
    if isMine and pack.once == '1' then
      redis.call('HSET', started, start, consumer)
      begins = true
    end
  end
  local looks = isNoted or pack.attempts ~= ''
  local known = redis.pcall('HGET', part, note)
  if isMine and not known and not looks and not string.find(wanted, '.', 1, true) then
    -- Nearly always: nothing is noted, and all of it is to start.
    redis.call('HSET', part, note, string.rep('t', #wanted))
    said = said .. ' ' .. string.rep('1', #wanted)
  else
    known = stateOf(part, note, #wanted)
    local signs, letters = {}, {}
    for i = 1, #wanted do
      local want, is, sign = string.sub(wanted, i, i), string.sub(known, i, i), '.'
      local attempts = tonumber(attempt() or 0)
      if want ~= '.' then
        if not isMine or is == 'x' or looks and failed(id, i - 1) ~= attempts then
          sign = '0'
        elseif is == 't' and want == 't' then
          sign = 't'
        else
          sign, is = '1', 't'
        end
      end
      signs[i], letters[i] = sign, is
    end
    local text = table.concat(letters)
    if text ~= known then redis.call('HSET', part, note, text) end
    said = said .. ' ' .. table.concat(signs)
  end
end
if begins then redis.call('PEXPIRE', started, ${STARTED_LIFE}) end
return said
`,
});

/** For each pack and each of its calls what it is to do; undefined: nothing was wanted of it. */
export async function mark(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  stream: string,
  packs: readonly Marks[],
): Promise<(Marked | undefined)[][] | 'missing' | 'fenced'> {
  const answer = await run(link, markScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
    part: keys.part(stream),
    started: keys.started(stream),
    token,
    group,
    consumer,
    packs: packs.map(({ note, wanted, attempts, once }) => ({
      note,
      wanted: wanted.join(''),
      attempts: attempts.join(','),
      once,
    })),
  });
  const text = textOf(answer, 'mark');
  if (text === 'missing' || text === 'fenced') return text;
  const [word, ...signs] = text.split(' ');
  if (word !== 'ok' || signs.length !== packs.length) throw unreadable('mark');
  return signs.map((each) => Array.from(each, (sign) => MARKS[sign as keyof typeof MARKS]));
}
