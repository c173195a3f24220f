import { numberOf, textsOf } from '../answer.js';
import { CommandFailure } from '../failure.js';
import { LUA_INCARNATION } from '../lua/incarnation.js';
import { LUA_NOW } from '../lua/time.js';
import { checkLayout } from './layout.js';
import { freshId } from './fresh-id.js';
import type { ShardPlace } from './place.js';
import { helloRights, missingRights } from './rights.js';
import { defineScript, run } from './script.js';

/** Identifies the memory of Redis. Times are those of Redis, in milliseconds. */
export interface Incarnation {
  readonly id: string;
  readonly born: number;
  readonly now: number;
}

const HELLO = `
${LUA_NOW}
${LUA_INCARNATION}
local probe = redis.pcall('PERSIST', incarnation)
if type(probe) == 'table' and string.sub(probe.err or '', 1, 8) == 'READONLY' then return probe end
local id, born = renewed(incarnation, fresh)
return { id, born, whole(now) }
`;

/**
 * Asks which memory a new connection has reached, and what time it is there. A write that changes nothing finds out
 * whether the server is a replica: then it raises READONLY. A primary that refuses writes for another reason is still
 * the server to talk to.
 *
 * Answers { id, born, now }, times in milliseconds.
 */
export const helloScript = defineScript({
  name: 'hello',
  keys: ['incarnation'],
  args: ['fresh'],
  lua: HELLO,
});

/**
 * The same for a server whose memory is full. The plain script has no flags, because Redis refuses a script with flags
 * as soon as it refuses writes for any other reason. Answers as `hello` does.
 */
export const helloWhenFullScript = defineScript({
  name: 'hello-when-full',
  keys: ['incarnation'],
  args: ['fresh'],
  flags: 'allow-oom',
  lua: HELLO,
});

/**
 * Asks which memory a new connection has reached, and whether its layout is ours. A server that was started again with
 * a full memory must be able to note that it is another incarnation: otherwise finished work could not leave it.
 */
export async function hello(place: ShardPlace): Promise<Incarnation> {
  try {
    // Both leave at once. A layout that does not fit ends the connection before anything is sent.
    const [incarnation] = await Promise.all([ask(place, helloScript), checkLayout(place, true)]);
    return incarnation;
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    if (error.reply !== 'OOM') throw await named(error, place);
    return ask(place, helloWhenFullScript);
  }
}

/** Redis does not say which command of a script it refuses to a user. */
const FORBIDDEN = /The user executing the script can't/;

async function named(error: CommandFailure, place: ShardPlace): Promise<CommandFailure> {
  if (!FORBIDDEN.test(error.message)) return error;
  const missing = await missingRights(place, helloRights).catch(() => []);
  if (missing.length === 0) return error;
  const message = `NOPERM this user has no permissions to run: ${missing.join(', ')}`;
  return new CommandFailure('refused', 'NOPERM', message, error);
}

async function ask({ link, keys }: ShardPlace, script: typeof helloScript): Promise<Incarnation> {
  const given = { incarnation: keys.incarnation(), fresh: freshId() };
  const [id = '', born, now] = textsOf(await run(link, script, given), 'hello');
  return { id, born: numberOf(born), now: numberOf(now) };
}
