import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_MINE } from '../../lua/mine.js';
import { LUA_PACK, LUA_PLACE, PLACE_ARGS, placeArgs, type PackPlace } from '../../lua/pack.js';
import { LUA_NOW } from '../../lua/time.js';
import { CHECKED, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

const ANSWERS = [...CHECKED, 'unnoted'] as const;
export type RetryAnswer = (typeof ANSWERS)[number];

/** An entry, or a call of one. */
export interface EntryPlace {
  readonly stream: string;
  readonly id: string;
  readonly pack?: PackPlace | undefined;
}

/** What is noted about an entry that is to run again. */
export interface NextAttempt {
  /** Milliseconds until the attempt. */
  readonly delay: number;
  /** How many attempts have failed. */
  readonly attempts: number;
  /** Positions of the event handlers that have succeeded, and which attempt was the first, with commas between them. */
  readonly state: string;
  /** Deliveries to instances that left by themselves. */
  readonly spared: number;
}

/**
 * Notes when an entry is due again: `delay` milliseconds from now. The entry keeps its id and stays pending under its
 * owner. Nothing is added to the stream, where every group would see it (rule L17). A consumer that takes the entry
 * over honours the note.
 *
 * Answers 'ok', 'lost', 'missing', 'fenced', or 'unnoted' if the key of the notes has another type: then only the owner
 * knows of the retry.
 */
export const retryScript = defineScript({
  name: 'retry',
  keys: ['lease', 'stream', 'due', 'part'],
  args: [
    ...(['token', 'group', 'consumer', 'id', 'delay', 'attempts', 'state', 'spared'] as const),
    ...PLACE_ARGS,
  ],
  lua: `
${LUA_NOW}
${LUA_PACK}
${LUA_PLACE}
${LUA_FENCE}
${LUA_MINE}
if isOver then return 'lost' end
local attempt = whole(now + delay) .. ' ' .. attempts .. ' ' .. state .. ' ' .. spared
local noted = redis.pcall('HSET', due, group .. ' ' .. name, attempt)
-- It failed without ending its process, so it is no suspect of that.
if size > 0 and letter(part, note, size, place) == 't' then
  local state = stateOf(part, note, size)
  redis.pcall('HSET', part, note, string.sub(state, 1, place) .. '.' .. string.sub(state, place + 2))
end
if type(noted) ~= 'table' then return 'ok' end
if string.find(noted.err, 'WRONGTYPE', 1, true) then return 'unnoted' end
return noted
`,
});

export async function retry(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { stream, id, pack }: EntryPlace,
  { delay, attempts, state, spared }: NextAttempt,
): Promise<RetryAnswer> {
  const noted = await run(link, retryScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
    part: keys.part(stream),
    ...placeArgs(pack),
    token,
    group,
    consumer,
    id,
    delay: Math.round(delay),
    attempts,
    state,
    spared,
  });
  return wordOf(noted, ANSWERS, 'retry');
}
