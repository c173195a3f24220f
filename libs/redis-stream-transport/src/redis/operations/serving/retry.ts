import { wordOf } from '../../answer.js';
import { LUA_FENCE } from '../../lua/fence.js';
import { LUA_MINE } from '../../lua/mine.js';
import { LUA_NOW } from '../../lua/time.js';
import { CHECKED, type Owner } from '../../owner.js';
import type { GroupPlace } from '../place.js';
import { defineScript, run } from '../script.js';

const ANSWERS = [...CHECKED, 'unnoted'] as const;
export type RetryAnswer = (typeof ANSWERS)[number];

/** What is noted about an entry that is to run again. */
export interface NextAttempt {
  /** Milliseconds until the attempt. */
  readonly delay: number;
  /** How many attempts have failed. */
  readonly attempts: number;
  /** Positions of the event handlers that have succeeded, with commas between them. */
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
