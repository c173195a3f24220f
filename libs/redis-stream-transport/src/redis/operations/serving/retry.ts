import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_MINE } from '../../lua/mine.js';
import { LUA_NOW } from '../../lua/time.js';
import { CHECKED, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

const ANSWERS = [...CHECKED, 'unnoted'] as const;
export type RetryAnswer = (typeof ANSWERS)[number];

/** What is noted of an entry that is to be run again. */
export interface NextAttempt {
  /** Milliseconds until then. */
  readonly delay: number;
  /** That have failed. */
  readonly attempts: number;
  readonly state: string;
  /** Deliveries to instances that left by themselves. */
  readonly spared: number;
}

/**
 * Notes when an entry is due again: `delay` milliseconds from now. It keeps its id and stays pending under its
 * owner; nothing is added to the stream, where every group would see it (rule L17). Whoever takes it over
 * honours the note.
 *
 * Answers 'ok', 'lost', 'missing', 'fenced', or 'unnoted' where the notes have a key of another type: only its
 * owner knows of it then.
 */
export const retryScript = defineScript({
  name: 'retry',
  keys: ['lease', 'stream', 'due'],
  args: ['token', 'group', 'consumer', 'id', 'delay', 'attempts', 'state', 'spared'],
  lua: `
${LUA_NOW}
${LUA_FENCE}
${LUA_MINE}
local note = whole(now + delay) .. ' ' .. attempts .. ' ' .. state .. ' ' .. spared
local noted = redis.pcall('HSET', due, group .. ' ' .. id, note)
if type(noted) ~= 'table' then return 'ok' end
if string.find(noted.err, 'WRONGTYPE', 1, true) then return 'unnoted' end
return noted
`,
});

export async function retry(
  { link, keys, group }: GroupPlace,
  { consumer, token }: Owner,
  { stream, id }: { readonly stream: string; readonly id: string },
  { delay, attempts, state, spared }: NextAttempt,
): Promise<RetryAnswer> {
  const noted = await run(link, retryScript, {
    lease: keys.lease(consumer),
    stream: keys.stream(stream),
    due: keys.due(stream),
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
